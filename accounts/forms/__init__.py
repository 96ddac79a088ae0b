"""The forms of `accounts.views`. They check input; the actions in `accounts` check the rules."""
