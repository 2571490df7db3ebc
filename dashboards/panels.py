"""The few kinds of panels that there are, with the settings that all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import (
    common,
    logs,
    loki,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    QueryVariable,
    ThresholdsConfig,
)
from grafana_foundation_sdk.models.common import (
    BigValueTextMode,
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.models.dashboard import Dashboard as Page
    from grafana_foundation_sdk.models.dashboard import Panel
    from grafana_foundation_sdk.models.dashboard import VariableModel as Variable

    Panels = list[Builder[Panel]]

# The names that compose/centre/grafana/provisioning/datasources gives them.
PROMETHEUS = DataSourceRef(type_val="prometheus", uid="prometheus")
LOKI = DataSourceRef(type_val="loki", uid="loki")
# Of 24 columns.
WHOLE, HALF, QUARTER = 24, 12, 6
HEIGHT = 8


@dataclass(frozen=True)
class Query:
    """PromQL, and what its lines are called: labels in {{ }}."""

    expr: str
    legend: str = ""


def graph(title: str, *queries: Query, unit: str = "short") -> Builder[Panel]:
    """Lines over time, from zero; the legend shows the last and the largest value."""
    panel = timeseries.Panel().title(title).datasource(PROMETHEUS).unit(unit).min(0)
    panel.span(HALF).height(HEIGHT).fill_opacity(8).line_width(1).span_nulls(False)  # noqa: FBT003 - the library's own way
    panel.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.TABLE)
    panel.legend(legend.placement(LegendPlacement.BOTTOM).calcs(["lastNotNull", "max"]))
    for number, each in enumerate(queries):
        panel.with_target(_target(each, number))
    return panel


def number(title: str, query: Query, *, red: float, below: bool = False) -> Builder[Panel]:
    """The last value, in seconds, large; red from `red` on, or `below` it."""
    colours = ("red", "green") if below else ("green", "red")
    steps = [Threshold(color=colours[0]), Threshold(value=red, color=colours[1])]
    bounds = ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
    panel = stat.Panel().title(title).datasource(PROMETHEUS).unit("s").thresholds(bounds)
    panel.text_mode(BigValueTextMode.VALUE_AND_NAME).span(QUARTER).height(HEIGHT // 2)
    return panel.with_target(_target(query, 0).instant())


def rows(title: str, query: Query, *, unit: str = "short") -> Builder[Panel]:
    """A table: a row for each series as it is now, its labels as columns."""
    panel = table.Panel().title(title).datasource(PROMETHEUS).unit(unit)
    panel.span(HALF).height(HEIGHT)
    return panel.with_target(_target(query, 0).instant().format(PromQueryFormat.TABLE))


def lines(title: str, expr: str) -> Builder[Panel]:
    """Lines of Loki, the newest first."""
    panel = logs.Panel().title(title).datasource(LOKI).span(WHOLE).height(HEIGHT * 2)
    panel.show_time(True).wrap_log_message(True).enable_log_details(True)  # noqa: FBT003 - the library's own way
    return panel.with_target(loki.Dataquery().expr(expr).ref_id("A"))


def page(
    uid: str, title: str, variables: Iterable[Builder[Variable]], *panels: Builder[Panel]
) -> Page:
    """A dashboard, with the deploys of all services as marks in it."""
    made = Dashboard(title).uid(uid).tags(["protostar"]).readonly().refresh("30s")
    made.time("now-6h", "now").timezone("browser").annotation(_deploys())
    for each in variables:
        made.with_variable(each)
    for panel in panels:
        made.with_panel(panel)
    return made.build()


def choice(name: str, metric: str) -> QueryVariable:
    """A variable: one or all of the values of the label `name` of `metric`."""
    made = QueryVariable(name).datasource(PROMETHEUS).multi(True).include_all(True)  # noqa: FBT003 - the library's own way
    made.query(f"label_values({metric}, {name})").refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    return made.all_value(".*")


def _deploys() -> AnnotationQuery:
    """A mark where the newest deploy's time has changed: nobody has to post one."""
    query = 'changes(protostar_deploy_timestamp_seconds{host=~".*"}[1m]) > 0'
    made = AnnotationQuery().name("Deploys").datasource(PROMETHEUS).enable(True)  # noqa: FBT003 - the library's own way
    return made.icon_color("blue").expr(query)


def _target(query: Query, number: int) -> prometheus.Dataquery:
    made = prometheus.Dataquery().expr(query.expr).ref_id("ABCDEFGH"[number])
    return made.legend_format(query.legend) if query.legend else made
