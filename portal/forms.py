from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Fields look the same in every form: templates/forms/field.html."""

    field_template_name = "forms/field.html"
