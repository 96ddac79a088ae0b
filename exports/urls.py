from django.urls import path

from exports.api_routes import ROUTES
from exports.views import api as api_pages
from exports.views import credentials, deliveries, home
from exports.views.employee_updates import approval, changes, intake, receipts, rows
from exports.views.employee_updates import pages as employee_update_pages
from exports.views.results import pages as result_pages
from exports.views.results import verify_file
from exports.views.runs import pages as run_pages
from exports.views.saved_exports import content_editor, versions
from exports.views.saved_exports import pages as saved_export_pages
from exports.views.schedules import calendar, edit, occurrences
from exports.views.schedules import pages as schedule_pages

app_name = "exports"
urlpatterns = [
    path("t/<slug:team>/", home.home, name="home"),
    path("t/<slug:team>/budget/", home.budget, name="budget"),
    path("t/<slug:team>/credentials/<int:credential_id>/budget/", home.credential_budget, name="credential-budget"),
    path("t/<slug:team>/audit/prove/", verify_file.audit_prove, name="audit-prove"),
    path("t/<slug:team>/credentials/<int:credential_id>/rotate/", credentials.rotation_new, name="rotation-new"),
    path(
        "t/<slug:team>/credentials/<int:credential_id>/leaked/", credentials.credential_leaked, name="credential-leaked"
    ),
    path("t/<slug:team>/rotations/<int:rotation_id>/", credentials.rotation, name="rotation"),
    path("t/<slug:team>/rotations/<int:rotation_id>/status/", credentials.rotation_status, name="rotation-status"),
    path("t/<slug:team>/rotations/<int:rotation_id>/check/", credentials.rotation_check, name="rotation-check"),
    path("t/<slug:team>/rotations/<int:rotation_id>/try/", credentials.rotation_try, name="rotation-try"),
    path("t/<slug:team>/rotations/<int:rotation_id>/approve/", credentials.rotation_approve, name="rotation-approve"),
    path(
        "t/<slug:team>/rotations/<int:rotation_id>/cut-over/", credentials.rotation_cut_over, name="rotation-cut-over"
    ),
    path("t/<slug:team>/rotations/<int:rotation_id>/cancel/", credentials.rotation_cancel, name="rotation-cancel"),
    path(
        "t/<slug:team>/rotations/<int:rotation_id>/roll-back/",
        credentials.rotation_roll_back,
        name="rotation-roll-back",
    ),
    path("t/<slug:team>/exports/", saved_export_pages.export_list, name="export-list"),
    path("t/<slug:team>/exports/new/", saved_export_pages.export_new, name="export-new"),
    path("t/<slug:team>/exports/preview/", content_editor.export_preview, name="export-preview"),
    path("t/<slug:team>/exports/import/", versions.export_import, name="export-import"),
    path("t/<slug:team>/exports/<int:export_id>/", saved_export_pages.export, name="export"),
    path("t/<slug:team>/exports/<int:export_id>/edit/", saved_export_pages.export_edit, name="export-edit"),
    path("t/<slug:team>/exports/<int:export_id>/clone/", saved_export_pages.export_clone, name="export-clone"),
    path("t/<slug:team>/exports/<int:export_id>/archive/", saved_export_pages.export_archive, name="export-archive"),
    path("t/<slug:team>/exports/<int:export_id>/compare/", versions.export_compare, name="export-compare"),
    path("t/<slug:team>/exports/<int:export_id>/restore/", versions.export_restore, name="export-restore"),
    path("t/<slug:team>/exports/<int:export_id>/share/", versions.export_share, name="export-share"),
    path("t/<slug:team>/exports/<int:export_id>/run/", run_pages.export_run, name="export-run"),
    path("t/<slug:team>/schedules/", schedule_pages.schedule_list, name="schedule-list"),
    path("t/<slug:team>/schedules/new/", edit.schedule_new, name="schedule-new"),
    path("t/<slug:team>/schedules/preview/", edit.schedule_preview, name="schedule-preview"),
    path("t/<slug:team>/schedules/<int:schedule_id>/", schedule_pages.schedule, name="schedule"),
    path("t/<slug:team>/schedules/<int:schedule_id>/edit/", edit.schedule_edit, name="schedule-edit"),
    path("t/<slug:team>/schedules/<int:schedule_id>/pause/", schedule_pages.schedule_pause, name="schedule-pause"),
    path("t/<slug:team>/schedules/<int:schedule_id>/resume/", schedule_pages.schedule_resume, name="schedule-resume"),
    path(
        "t/<slug:team>/schedules/<int:schedule_id>/archive/", schedule_pages.schedule_archive, name="schedule-archive"
    ),
    path(
        "t/<slug:team>/schedules/<int:schedule_id>/recipients/",
        schedule_pages.schedule_recipients,
        name="schedule-recipients",
    ),
    path(
        "t/<slug:team>/schedules/<int:schedule_id>/confirm/", schedule_pages.schedule_confirm, name="schedule-confirm"
    ),
    path(
        "t/<slug:team>/recipients/<int:recipient_id>/confirm/",
        schedule_pages.recipient_confirm,
        name="recipient-confirm",
    ),
    path("t/<slug:team>/occurrences/<int:occurrence_id>/", occurrences.occurrence, name="occurrence"),
    path(
        "t/<slug:team>/occurrences/<int:occurrence_id>/send-anyway/",
        occurrences.occurrence_send_anyway,
        name="occurrence-send-anyway",
    ),
    path("t/<slug:team>/deliveries/<int:delivery_id>/again/", occurrences.delivery_again, name="delivery-again"),
    path(
        "t/<slug:team>/deliveries/<int:delivery_id>/withdraw/", occurrences.delivery_withdraw, name="delivery-withdraw"
    ),
    path("t/<slug:team>/links/<int:link_id>/revoke/", occurrences.link_revoke, name="link-revoke"),
    path("t/<slug:team>/calendar/", calendar.calendar, name="calendar"),
    path("t/<slug:team>/calendar/holidays/", calendar.holiday_list, name="holiday-list"),
    path("t/<slug:team>/calendar/holidays/add/", calendar.holiday_add, name="holiday-add"),
    path("t/<slug:team>/calendar/holidays/work/", calendar.holiday_strike, name="holiday-strike"),
    path("t/<slug:team>/calendar/holidays/national/", calendar.holiday_national, name="holiday-national"),
    path("t/<slug:team>/calendar/holidays/import/", calendar.holiday_import, name="holiday-import"),
    path("t/<slug:team>/calendar/holidays/<int:holiday_id>/remove/", calendar.holiday_remove, name="holiday-remove"),
    path("t/<slug:team>/calendar/freezes/", calendar.freeze_list, name="freeze-list"),
    path("t/<slug:team>/calendar/freezes/add/", calendar.freeze_add, name="freeze-add"),
    path("t/<slug:team>/calendar/freezes/<int:freeze_id>/remove/", calendar.freeze_remove, name="freeze-remove"),
    path("t/<slug:team>/updates/", intake.update_list, name="update-list"),
    path("t/<slug:team>/updates/new/", intake.update_new, name="update-new"),
    path("t/<slug:team>/updates/<int:update_id>/columns/", intake.update_columns, name="update-columns"),
    path("t/<slug:team>/updates/<int:update_id>/settings/", intake.update_settings, name="update-settings"),
    path("t/<slug:team>/updates/<int:update_id>/rows/", rows.update_rows, name="update-rows"),
    path("t/<slug:team>/updates/<int:update_id>/rows/change/", rows.update_rows_change, name="update-rows-change"),
    path("t/<slug:team>/updates/<int:update_id>/rows/paste/", rows.update_rows_paste, name="update-rows-paste"),
    path("t/<slug:team>/updates/<int:update_id>/rows/members/", rows.update_rows_members, name="update-rows-members"),
    path("t/<slug:team>/updates/<int:update_id>/rows/read/", rows.update_rows_read, name="update-rows-read"),
    path("t/<slug:team>/updates/<int:update_id>/rows/keep/", rows.update_rows_keep, name="update-rows-keep"),
    path("t/<slug:team>/updates/<int:update_id>/rows/waiting/", rows.update_rows_waiting, name="update-rows-waiting"),
    path("t/<slug:team>/runs/", run_pages.run_list, name="run-list"),
    path("t/<slug:team>/runs/<int:run_id>/", run_pages.run, name="run"),
    path("t/<slug:team>/runs/<int:run_id>/timeline/", run_pages.run_timeline, name="run-timeline"),
    path("t/<slug:team>/runs/<int:run_id>/cancel/", run_pages.run_cancel, name="run-cancel"),
    path("t/<slug:team>/runs/<int:run_id>/again/", run_pages.run_again, name="run-again"),
    path("t/<slug:team>/runs/<int:run_id>/same-reports/", run_pages.run_same_reports, name="run-same-reports"),
    path("t/<slug:team>/runs/<int:run_id>/mark-now/", run_pages.run_mark_now, name="run-mark-now"),
    path("t/<slug:team>/runs/<int:run_id>/looked-after/", run_pages.run_looked_after, name="run-looked-after"),
    path("t/<slug:team>/results/<int:result_id>/", result_pages.result, name="result"),
    path("t/<slug:team>/results/<int:result_id>/download/", result_pages.result_download, name="result-download"),
    path("t/<slug:team>/results/<int:result_id>/workbook/", result_pages.result_workbook, name="result-workbook"),
    path("t/<slug:team>/results/<int:result_id>/picture/", result_pages.result_picture, name="result-picture"),
    path("t/<slug:team>/updates/<int:update_id>/", employee_update_pages.update, name="update"),
    path(
        "t/<slug:team>/updates/<int:update_id>/course/", employee_update_pages.update_course_part, name="update-course"
    ),
    path("t/<slug:team>/updates/<int:update_id>/changes/", changes.update_changes, name="update-changes"),
    path("t/<slug:team>/updates/<int:update_id>/answer/", receipts.update_answer, name="update-answer"),
    path("t/<slug:team>/updates/<int:update_id>/receipt/", receipts.update_receipt, name="update-receipt"),
    path("t/<slug:team>/updates/<int:update_id>/receipt.csv", receipts.update_receipt_file, name="update-receipt-file"),
    path("t/<slug:team>/updates/<int:update_id>/present/", receipts.update_present, name="update-present"),
    path("t/<slug:team>/updates/<int:update_id>/members/", approval.update_members, name="update-members"),
    path("t/<slug:team>/updates/<int:update_id>/accept/", approval.update_accept, name="update-accept"),
    path("t/<slug:team>/updates/<int:update_id>/try/", approval.update_try, name="update-try"),
    path("t/<slug:team>/updates/<int:update_id>/submit/", approval.update_submit, name="update-submit"),
    path("t/<slug:team>/updates/<int:update_id>/approve/", approval.update_approve, name="update-approve"),
    path("t/<slug:team>/updates/<int:update_id>/withdraw/", approval.update_withdraw, name="update-withdraw"),
    path("t/<slug:team>/updates/<int:update_id>/apply/", approval.update_apply, name="update-apply"),
    path("t/<slug:team>/updates/<int:update_id>/discard/", approval.update_discard, name="update-discard"),
    path("t/<slug:team>/updates/<int:update_id>/reverse/", approval.update_reverse, name="update-reverse"),
    # Outside of the teams: what recipients see, whose key is the token.
    path("l/<str:token>/", deliveries.link, name="link"),
    path("l/<str:token>/code/", deliveries.link_code, name="link-code"),
    path("l/<str:token>/file/", deliveries.link_file, name="link-file"),
    path("u/<str:token>/", deliveries.unsubscribe, name="unsubscribe"),
    path("api/", api_pages.api_page, name="api"),
    path("api/openapi.json", api_pages.api_schema, name="api-schema"),
    *(path(f"api/t/<slug:team>/{route.path}", api_pages.operation(name), name=name) for name, route in ROUTES.items()),
]
