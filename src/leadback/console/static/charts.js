// Draws each chart from the numbers beside it; the table under it holds the same.

const reduced = matchMedia("(prefers-reduced-motion: reduce)");
const IMMATURE_OPACITY = 0.45;

// ECharts draws on a canvas, where a custom property means nothing: what it comes to is asked of an element.
function colours() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const found = {};
  for (const name of ["text", "quiet", "line", "raised", "ground"]) {
    probe.className = `probe-${name}`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.className = "probe-none";
  found.none = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function statuses({ days, statuses, immature }, look) {
  const young = new Set(immature);
  return {
    animation: !reduced.matches,
    animationDuration: 250,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 8, top: 34, bottom: 4, containLabel: true },
    legend: { type: "scroll", top: 2, right: 4, left: 4, align: "left", itemWidth: 10, itemHeight: 10, textStyle: { color: look.quiet, fontSize: 11 }, pageIconColor: look.quiet, pageTextStyle: { color: look.quiet } },
    // As text, since the page's policy admits no style attributes in the HTML that a tooltip would be.
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, backgroundColor: look.raised, borderColor: look.line, textStyle: { color: look.text, fontSize: 12 }, confine: true },
    xAxis: { type: "category", data: days, axisTick: { show: false }, axisLabel: { color: look.quiet, fontSize: 11, hideOverlap: true }, axisLine: { lineStyle: { color: look.line } } },
    yAxis: { type: "value", splitLine: { lineStyle: { color: look.line } }, axisLabel: { color: look.quiet, fontSize: 11 } },
    series: statuses.map(({ name, colour, counts }) => ({
      name,
      type: "bar",
      stack: "statuses",
      barCategoryGap: "28%",
      itemStyle: { color: colour || look.none },
      data: counts.map((count, place) => (young.has(days[place]) ? { value: count, itemStyle: { opacity: IMMATURE_OPACITY } } : count)),
    })),
  };
}

const KINDS = { statuses };

function draw(place) {
  const data = JSON.parse(place.parentElement.querySelector(".chart-data").textContent);
  const chart = echarts.getInstanceByDom(place) ?? echarts.init(place, null, { renderer: "canvas" });
  chart.setOption(KINDS[place.dataset.chart](data, colours()), { notMerge: true });
  return chart;
}

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) echarts.getInstanceByDom(target)?.resize();
});

function drawAll() {
  for (const place of document.querySelectorAll("[data-chart]")) {
    draw(place);
    resized.observe(place);
  }
}

document.addEventListener("theme", drawAll);
document.addEventListener("htmx:load", drawAll);
drawAll();
