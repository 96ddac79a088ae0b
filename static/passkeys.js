// Around allauth's passkey scripts: tells them which button is which, and says on the page what went wrong.
(function () {
  for (const button of document.querySelectorAll("[data-passkey]")) {
    const ids = {
      add: button.id, authenticate: button.id, login: button.id,
      credential: button.form.elements.credential.id, passwordless: "id_passwordless", data: "js_data",
    };
    button.hidden = !window.PublicKeyCredential;
    window.allauth.webauthn.forms[button.dataset.passkey]({ ids });
  }

  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const said = document.getElementById("passkey-trouble");
    said.textContent = "No passkey was used: it was cancelled, took too long, or this device has none for you. Nothing was changed.";
    said.hidden = false;
  });
})();
