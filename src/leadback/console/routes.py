"""Every address of the console, and the application that answers them."""

from pathlib import Path
from typing import Final, cast

from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from leadback.console import (
    account,
    audit_log,
    buyer_aliases,
    buyer_card,
    buyer_contracts,
    buyer_document,
    buyer_keys,
    buyer_reporting,
    buyers,
    catalog_entry,
    catalog_file,
    catalog_list,
    errors,
    failed_updates,
    home,
    lead_card,
    lead_detail,
    lead_gen_settings,
    lead_status,
    leads,
    own_ratios,
    parties,
    reports_index,
    reruns,
    return_decisions,
    returns,
    revenue_adjustments,
    runs,
    saved_views,
    setup,
    sign_in,
    users,
)
from leadback.console.buyers_side import BuyersSide
from leadback.console.health import Readiness, livez, readyz
from leadback.console.secured import secured
from leadback.console.session import AnyRequest, Seen, Sessions
from leadback.console.templating import equip
from leadback.console.usual_lag import Lags
from leadback.kit.database import Database
from leadback.kit.http import Application
from leadback.kit.settings import Settings

PLACE: Final = Path(__file__).parent
STATIC_SECONDS: Final = 300
COMPRESSED_BYTES_MIN: Final = 1_000
COMPRESSION_LEVEL: Final = 6

# Addresses stand in each handler's decorator; which handlers there are stands here.
HANDLERS: Final = (
    home.first_page,
    home.home_page,
    home.findings_page,
    sign_in.sign_in_page,
    sign_in.begin,
    sign_in.code_page,
    sign_in.complete,
    sign_in.leave,
    sign_in.welcome_page,
    sign_in.welcome,
    sign_in.password_page,
    sign_in.choose_password,
    account.account_page,
    account.second_factor_page,
    account.begin_second_factor,
    account.end_second_factor,
    account.end_one,
    users.users_page,
    users.add_user,
    users.user_page,
    users.change_user,
    users.new_link,
    setup.setup_page,
    lead_gen_settings.settings_page,
    lead_gen_settings.change_settings,
    catalog_list.statuses_page,
    catalog_list.sub_statuses_page,
    catalog_list.fields_page,
    catalog_list.return_reasons_page,
    catalog_list.reorder,
    catalog_file.export_catalog,
    catalog_file.import_page,
    catalog_file.try_import,
    catalog_file.apply_import,
    catalog_entry.new_entry_page,
    catalog_entry.add_entry,
    catalog_entry.entry_page,
    catalog_entry.change_entry,
    catalog_entry.rename_entry,
    catalog_entry.switch_entry,
    catalog_entry.delete_entry_page,
    catalog_entry.delete_entry,
    own_ratios.ratios_page,
    own_ratios.new_ratio_page,
    own_ratios.add_ratio,
    own_ratios.ratio_page,
    own_ratios.change_ratio,
    own_ratios.ask_remove,
    own_ratios.remove_ratio,
    audit_log.audit_log_page,
    leads.leads_page,
    lead_card.lead_page,
    lead_card.correct_sale,
    returns.queue_page,
    returns.report_page,
    returns.disagreements_page,
    return_decisions.decide_page,
    return_decisions.decide,
    revenue_adjustments.adjustments_page,
    revenue_adjustments.adjusted_sales_page,
    failed_updates.groups_page,
    failed_updates.calls_page,
    failed_updates.waiting_page,
    reruns.rerun_page,
    reruns.run_again,
    reruns.alias_page,
    reruns.make_alias,
    reruns.apply_page,
    reruns.apply_anyway,
    runs.runs_page,
    runs.run_page,
    runs.undo,
    buyers.buyers_page,
    buyers.add_buyer,
    buyer_card.card,
    buyer_card.settings_page,
    buyer_card.change_buyer,
    buyer_card.ask_delete,
    buyer_card.delete_buyer,
    buyer_contracts.contracts_page,
    buyer_contracts.add_contract,
    buyer_contracts.contract_page,
    buyer_contracts.change_contract,
    buyer_keys.keys_page,
    buyer_keys.make_key,
    buyer_keys.replace_key,
    buyer_keys.ask_revoke,
    buyer_keys.revoke,
    buyer_aliases.aliases_page,
    buyer_aliases.add_alias,
    buyer_aliases.ask_remove,
    buyer_aliases.remove,
    buyer_document.document_page,
    buyer_document.document_file,
    buyer_document.make_test_call,
    parties.list_page,
    parties.add,
    parties.card,
    parties.change,
    parties.ask_delete,
    parties.delete,
    lead_status.lead_status_page,
    lead_status.lead_status_headline,
    lead_status.lead_status_rows,
    lead_status.export_lead_status,
    lead_detail.lead_detail_page,
    lead_detail.export_lead_detail,
    buyer_reporting.buyer_reporting_page,
    buyer_reporting.export_buyer_reporting,
    reports_index.reports_page,
    saved_views.saved_page,
    saved_views.save,
    saved_views.remove,
    livez,
    readyz,
)


def console(
    settings: Settings, readiness: Readiness, database: Database, buyers_side: BuyersSide | None = None
) -> Application:
    """The console: everything that is not one of the buyers' channels, which it shows where it is handed them."""
    static = create_static_files_router(
        "/static", [PLACE / "static"], cache_control=CacheControlHeader(max_age=STATIC_SECONDS, public=True)
    )
    sessions = Sessions(database, settings)
    lags = Lags()

    async def seen(request: AnyRequest) -> Seen:
        found = request.state.seen = await sessions.seen(request)
        return found

    pages = Litestar(
        route_handlers=[*HANDLERS, static],
        dependencies={
            "settings": Provide(lambda: settings, sync_to_thread=False),
            "readiness": Provide(lambda: readiness, sync_to_thread=False),
            "buyers_side": Provide(lambda: buyers_side, sync_to_thread=False),
            "sessions": Provide(lambda: sessions, sync_to_thread=False),
            "lags": Provide(lambda: lags, sync_to_thread=False),
            "seen": Provide(seen),
        },
        exception_handlers=errors.HANDLERS,
        after_exception=[errors.SessionsOfErrors(sessions)],
        template_config=TemplateConfig(
            directory=PLACE / "templates", engine=JinjaTemplateEngine, engine_callback=lambda made: equip(made.engine)
        ),
        # Files to download keep their length, and most of their forms are compressed by themselves.
        compression_config=CompressionConfig(
            "gzip", minimum_size=COMPRESSED_BYTES_MIN, gzip_compress_level=COMPRESSION_LEVEL, exclude="/export"
        ),
        logging_config=None,
        openapi_config=None,
        debug=False,
    )
    # Litestar names every kind of event; ours are those of any ASGI application.
    return secured(cast(Application, pages))
