// Draws the charts of the bulletin with ECharts. Each figure holds its option as JSON beside its picture; where
// this script does not run, or fails, the picture stays.
(function () {
  "use strict";
  var figures = Array.prototype.slice.call(document.querySelectorAll(".figure")).filter(function (figure) {
    return figure.querySelector(".canvas");
  });
  var charts = [];

  // resolve replaces var(--name) by the value that the style sheet gives it in the present colour scheme.
  function resolve(node, style) {
    if (typeof node === "string") {
      var match = /^var\((--[a-z0-9-]+)\)$/.exec(node);
      return match ? style.getPropertyValue(match[1]).trim() : node;
    }
    if (Array.isArray(node)) {
      return node.map(function (child) { return resolve(child, style); });
    }
    if (node && typeof node === "object") {
      var copy = {};
      Object.keys(node).forEach(function (key) { copy[key] = resolve(node[key], style); });
      return copy;
    }
    return node;
  }

  function draw() {
    charts.forEach(function (chart) { chart.dispose(); });
    charts = [];
    var style = getComputedStyle(document.documentElement);
    var font = getComputedStyle(document.body).fontFamily;
    figures.forEach(function (figure) {
      var canvas = figure.querySelector(".canvas");
      var option = resolve(JSON.parse(figure.querySelector("script").textContent), style);
      option.textStyle = { fontFamily: font, color: style.getPropertyValue("--ink-2").trim() };
      option.legend.textStyle = option.textStyle;
      // Rich text is drawn on the canvas: nothing of it becomes part of the document.
      option.tooltip.renderMode = "richText";
      option.tooltip.confine = true;
      option.tooltip.backgroundColor = style.getPropertyValue("--surface").trim();
      option.tooltip.borderColor = style.getPropertyValue("--line").trim();
      option.tooltip.textStyle = { color: style.getPropertyValue("--ink").trim(), fontSize: 13 };
      figure.classList.add("drawn");
      try {
        var chart = echarts.init(canvas, null, { renderer: "canvas" });
        chart.setOption(option);
        charts.push(chart);
      } catch (fault) {
        figure.classList.remove("drawn");
      }
    });
  }

  figures.forEach(function (figure) {
    var canvas = figure.querySelector(".canvas");
    if (figure.classList.contains("tall")) {
      canvas.style.height = 110 + 26 * Number(canvas.dataset.rows) + "px";
    }
  });
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("resize", function () { charts.forEach(function (chart) { chart.resize(); }); });
})();
