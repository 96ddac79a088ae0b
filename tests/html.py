"""Pages without the white space that browsers ignore, so that tests do not depend on how templates are formatted."""

import re

BLOCK = (
    "caption|dd|div|dl|dt|fieldset|form|h[1-6]|label|legend|li|ol|optgroup|option|p|section|select|table|tbody|td|"
    "th|thead|tr|ul"
)


def tidy(html: str) -> str:
    """White space as one space, none next to block-level tags and none before the end of a tag."""
    collapsed = re.sub(r"\s+", " ", html)
    return re.sub(rf" ?(</?(?:{BLOCK})\b[^>]*>) ?", r"\1", re.sub(r" (/?>)", r"\1", collapsed))
