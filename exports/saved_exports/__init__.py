"""A saved export: settings and a template for a job at Expensify, kept as versions.

1. A form, a pasted job or a shared file becomes an `ExportSettings` and a template: `actions.save`. Each save is a
   version.
2. `job` turns the settings into the API's job for a given day; `periods` resolves "last month" and the like.
3. `preview` renders the template over sample data or the team's own (`preview_own_data`), and lints it. No API
   call.
4. `wording` describes the settings in words; `compare` shows two versions side by side.
5. `share` writes an export as a file for another team; `starter_templates` holds templates to start from.
"""
