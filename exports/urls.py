from django.urls import path

from exports.api_routes import ROUTES
from exports.views import api as api_pages
from exports.views import (
    calendar,
    contents,
    home,
    links,
    occurrences,
    proof,
    results,
    rotations,
    runs,
    saved_exports,
    schedule_form,
    schedules,
    versions,
)
from exports.views.updates import acts, changes, one, preparing, receipts, rows

app_name = "exports"
urlpatterns = [
    path("t/<slug:team>/", home.home, name="home"),
    path("t/<slug:team>/budget/", home.budget, name="budget"),
    path(
        "t/<slug:team>/credentials/<int:credential>/budget/", home.credential_budget, name="credential-budget"
    ),
    path("t/<slug:team>/audit/prove/", proof.audit_prove, name="audit-prove"),
    path("t/<slug:team>/credentials/<int:credential>/rotate/", rotations.rotation_new, name="rotation-new"),
    path(
        "t/<slug:team>/credentials/<int:credential>/leaked/",
        rotations.credential_leaked,
        name="credential-leaked",
    ),
    path("t/<slug:team>/rotations/<int:rotation>/", rotations.rotation, name="rotation"),
    path("t/<slug:team>/rotations/<int:rotation>/status/", rotations.rotation_status, name="rotation-status"),
    path("t/<slug:team>/rotations/<int:rotation>/check/", rotations.rotation_check, name="rotation-check"),
    path("t/<slug:team>/rotations/<int:rotation>/try/", rotations.rotation_try, name="rotation-try"),
    path(
        "t/<slug:team>/rotations/<int:rotation>/approve/", rotations.rotation_approve, name="rotation-approve"
    ),
    path(
        "t/<slug:team>/rotations/<int:rotation>/cut-over/",
        rotations.rotation_cut_over,
        name="rotation-cut-over",
    ),
    path("t/<slug:team>/rotations/<int:rotation>/cancel/", rotations.rotation_cancel, name="rotation-cancel"),
    path(
        "t/<slug:team>/rotations/<int:rotation>/roll-back/",
        rotations.rotation_roll_back,
        name="rotation-roll-back",
    ),
    path("t/<slug:team>/exports/", saved_exports.export_list, name="export-list"),
    path("t/<slug:team>/exports/new/", saved_exports.export_new, name="export-new"),
    path("t/<slug:team>/exports/preview/", contents.export_preview, name="export-preview"),
    path("t/<slug:team>/exports/import/", versions.export_import, name="export-import"),
    path("t/<slug:team>/exports/<int:export>/", saved_exports.export, name="export"),
    path("t/<slug:team>/exports/<int:export>/edit/", saved_exports.export_edit, name="export-edit"),
    path("t/<slug:team>/exports/<int:export>/clone/", saved_exports.export_clone, name="export-clone"),
    path("t/<slug:team>/exports/<int:export>/archive/", saved_exports.export_archive, name="export-archive"),
    path("t/<slug:team>/exports/<int:export>/compare/", versions.export_compare, name="export-compare"),
    path("t/<slug:team>/exports/<int:export>/restore/", versions.export_restore, name="export-restore"),
    path("t/<slug:team>/exports/<int:export>/share/", versions.export_share, name="export-share"),
    path("t/<slug:team>/exports/<int:export>/run/", runs.export_run, name="export-run"),
    path("t/<slug:team>/schedules/", schedules.schedule_list, name="schedule-list"),
    path("t/<slug:team>/schedules/new/", schedule_form.schedule_new, name="schedule-new"),
    path("t/<slug:team>/schedules/preview/", schedule_form.schedule_preview, name="schedule-preview"),
    path("t/<slug:team>/schedules/<int:schedule>/", schedules.schedule, name="schedule"),
    path("t/<slug:team>/schedules/<int:schedule>/edit/", schedule_form.schedule_edit, name="schedule-edit"),
    path("t/<slug:team>/schedules/<int:schedule>/pause/", schedules.schedule_pause, name="schedule-pause"),
    path("t/<slug:team>/schedules/<int:schedule>/resume/", schedules.schedule_resume, name="schedule-resume"),
    path(
        "t/<slug:team>/schedules/<int:schedule>/archive/", schedules.schedule_archive, name="schedule-archive"
    ),
    path(
        "t/<slug:team>/schedules/<int:schedule>/recipients/",
        schedules.schedule_recipients,
        name="schedule-recipients",
    ),
    path(
        "t/<slug:team>/schedules/<int:schedule>/confirm/", schedules.schedule_confirm, name="schedule-confirm"
    ),
    path(
        "t/<slug:team>/recipients/<int:recipient>/confirm/",
        schedules.recipient_confirm,
        name="recipient-confirm",
    ),
    path("t/<slug:team>/occurrences/<int:occurrence>/", occurrences.occurrence, name="occurrence"),
    path(
        "t/<slug:team>/occurrences/<int:occurrence>/send-anyway/",
        occurrences.occurrence_send_anyway,
        name="occurrence-send-anyway",
    ),
    path("t/<slug:team>/deliveries/<int:delivery>/again/", occurrences.delivery_again, name="delivery-again"),
    path(
        "t/<slug:team>/deliveries/<int:delivery>/withdraw/",
        occurrences.delivery_withdraw,
        name="delivery-withdraw",
    ),
    path("t/<slug:team>/links/<int:link>/revoke/", occurrences.link_revoke, name="link-revoke"),
    path("t/<slug:team>/calendar/", calendar.calendar, name="calendar"),
    path("t/<slug:team>/calendar/holidays/", calendar.holiday_list, name="holiday-list"),
    path("t/<slug:team>/calendar/holidays/add/", calendar.holiday_add, name="holiday-add"),
    path("t/<slug:team>/calendar/holidays/work/", calendar.holiday_strike, name="holiday-strike"),
    path("t/<slug:team>/calendar/holidays/national/", calendar.holiday_national, name="holiday-national"),
    path("t/<slug:team>/calendar/holidays/import/", calendar.holiday_import, name="holiday-import"),
    path(
        "t/<slug:team>/calendar/holidays/<int:holiday>/remove/",
        calendar.holiday_remove,
        name="holiday-remove",
    ),
    path("t/<slug:team>/calendar/freezes/", calendar.freeze_list, name="freeze-list"),
    path("t/<slug:team>/calendar/freezes/add/", calendar.freeze_add, name="freeze-add"),
    path("t/<slug:team>/calendar/freezes/<int:freeze>/remove/", calendar.freeze_remove, name="freeze-remove"),
    path("t/<slug:team>/updates/", preparing.update_list, name="update-list"),
    path("t/<slug:team>/updates/new/", preparing.update_new, name="update-new"),
    path("t/<slug:team>/updates/<int:update>/columns/", preparing.update_columns, name="update-columns"),
    path("t/<slug:team>/updates/<int:update>/settings/", preparing.update_settings, name="update-settings"),
    path("t/<slug:team>/updates/<int:update>/rows/", rows.update_rows, name="update-rows"),
    path(
        "t/<slug:team>/updates/<int:update>/rows/change/", rows.update_rows_change, name="update-rows-change"
    ),
    path("t/<slug:team>/updates/<int:update>/rows/paste/", rows.update_rows_paste, name="update-rows-paste"),
    path(
        "t/<slug:team>/updates/<int:update>/rows/members/",
        rows.update_rows_members,
        name="update-rows-members",
    ),
    path("t/<slug:team>/updates/<int:update>/rows/read/", rows.update_rows_read, name="update-rows-read"),
    path("t/<slug:team>/updates/<int:update>/rows/keep/", rows.update_rows_keep, name="update-rows-keep"),
    path(
        "t/<slug:team>/updates/<int:update>/rows/waiting/",
        rows.update_rows_waiting,
        name="update-rows-waiting",
    ),
    path("t/<slug:team>/runs/", runs.run_list, name="run-list"),
    path("t/<slug:team>/runs/<int:run>/", runs.run, name="run"),
    path("t/<slug:team>/runs/<int:run>/timeline/", runs.run_timeline, name="run-timeline"),
    path("t/<slug:team>/runs/<int:run>/cancel/", runs.run_cancel, name="run-cancel"),
    path("t/<slug:team>/runs/<int:run>/again/", runs.run_again, name="run-again"),
    path("t/<slug:team>/runs/<int:run>/same-reports/", runs.run_same_reports, name="run-same-reports"),
    path("t/<slug:team>/runs/<int:run>/mark-now/", runs.run_mark_now, name="run-mark-now"),
    path("t/<slug:team>/runs/<int:run>/looked-after/", runs.run_looked_after, name="run-looked-after"),
    path("t/<slug:team>/results/<int:result>/", results.result, name="result"),
    path("t/<slug:team>/results/<int:result>/download/", results.result_download, name="result-download"),
    path("t/<slug:team>/results/<int:result>/workbook/", results.result_workbook, name="result-workbook"),
    path("t/<slug:team>/results/<int:result>/picture/", results.result_picture, name="result-picture"),
    path("t/<slug:team>/updates/<int:update>/", one.update, name="update"),
    path("t/<slug:team>/updates/<int:update>/course/", one.update_course_part, name="update-course"),
    path("t/<slug:team>/updates/<int:update>/changes/", changes.update_changes, name="update-changes"),
    path("t/<slug:team>/updates/<int:update>/answer/", receipts.update_answer, name="update-answer"),
    path("t/<slug:team>/updates/<int:update>/receipt/", receipts.update_receipt, name="update-receipt"),
    path(
        "t/<slug:team>/updates/<int:update>/receipt.csv",
        receipts.update_receipt_file,
        name="update-receipt-file",
    ),
    path("t/<slug:team>/updates/<int:update>/present/", receipts.update_present, name="update-present"),
    path("t/<slug:team>/updates/<int:update>/members/", acts.update_members, name="update-members"),
    path("t/<slug:team>/updates/<int:update>/accept/", acts.update_accept, name="update-accept"),
    path("t/<slug:team>/updates/<int:update>/try/", acts.update_try, name="update-try"),
    path("t/<slug:team>/updates/<int:update>/submit/", acts.update_submit, name="update-submit"),
    path("t/<slug:team>/updates/<int:update>/approve/", acts.update_approve, name="update-approve"),
    path("t/<slug:team>/updates/<int:update>/withdraw/", acts.update_withdraw, name="update-withdraw"),
    path("t/<slug:team>/updates/<int:update>/apply/", acts.update_apply, name="update-apply"),
    path("t/<slug:team>/updates/<int:update>/discard/", acts.update_discard, name="update-discard"),
    path("t/<slug:team>/updates/<int:update>/reverse/", acts.update_reverse, name="update-reverse"),
    # Outside of the teams: what recipients see, whose key is the token.
    path("l/<str:token>/", links.link, name="link"),
    path("l/<str:token>/code/", links.link_code, name="link-code"),
    path("l/<str:token>/file/", links.link_file, name="link-file"),
    path("u/<str:token>/", links.unsubscribe, name="unsubscribe"),
    path("api/", api_pages.api_page, name="api"),
    path("api/openapi.json", api_pages.api_schema, name="api-schema"),
    *(
        path(f"api/t/<slug:team>/{route.path}", api_pages.operation(name), name=name)
        for name, route in ROUTES.items()
    ),
]
