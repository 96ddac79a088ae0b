// Around allauth's passkey scripts: buttons that need them appear, and what went wrong is said on the page.
(function () {
  for (const button of document.querySelectorAll("[data-needs-script]")) button.hidden = !window.PublicKeyCredential;

  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const said = document.getElementById("passkey-trouble");
    said.textContent = "No passkey was used: it was cancelled, took too long, or this device has none for you. Nothing was changed.";
    said.hidden = false;
  });
})();
