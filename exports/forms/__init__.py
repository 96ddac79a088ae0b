"""The forms of `exports.views`, in folders of the same names. They check input; the actions check the rules."""
