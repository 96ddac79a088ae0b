"""Render form fields with templates/forms/field.html and Tabler's CSS classes."""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting


class BoundField(forms.BoundField):
    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        built = super().build_widget_attrs(attrs, widget)
        if css_class := _css_class(widget):
            built["class"] = " ".join(filter(None, [css_class, widget.attrs.get("class")]))
        return built

    @property
    def is_one_checkbox(self) -> bool:
        return type(self.field.widget) is forms.CheckboxInput


class Renderer(TemplatesSetting):
    field_template_name = "forms/field.html"
    form_template_name = "forms/form.html"
    bound_field_class = BoundField


def _css_class(widget: forms.Widget) -> str:
    if widget.is_hidden:
        return ""
    if isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "form-check-input"
    return "form-select" if isinstance(widget, forms.Select) else "form-control"
