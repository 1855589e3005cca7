// Copies what the console's pages load out of node_modules into the package, and writes down what was copied: the
// files are committed, so that neither an installation nor a page needs npm or the internet.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PLACE = dirname(fileURLToPath(import.meta.url));
const TARGET = join(PLACE, "../src/leadback/console/static/vendor");
const LOCKED = JSON.parse(readFileSync(join(PLACE, "package-lock.json"), "utf8")).packages;

// The icons the templates name; a test tells when one is missing here.
const ICONS = readFileSync(join(PLACE, "icons.txt"), "utf8").split("\n").filter(Boolean);

const FILES = [
  { package: "@tabler/core", from: "dist/css/tabler.min.css", to: "tabler", suffix: ".min.css" },
  { package: "@tabler/icons", to: "tabler-icons", suffix: ".svg", content: sprite },
  { package: "echarts", from: "dist/echarts.common.min.js", to: "echarts.common", suffix: ".min.js" },
  { package: "htmx.org", from: "dist/htmx.min.js", to: "htmx", suffix: ".min.js" },
];

function sprite() {
  const symbols = ICONS.map((name) => {
    const drawing = text("@tabler/icons", `icons/outline/${name}.svg`);
    const inside = drawing.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
    // The transparent square every icon starts with draws nothing.
    const paths = inside.replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, "").trim().replace(/\n\s*/g, "");
    return `<symbol id="${name}" viewBox="0 0 24 24">${paths}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

function text(name, path) {
  return readFileSync(join(PLACE, "node_modules", name, path), "utf8");
}

function withoutMap(content) {
  return content.replace(/\n?(\/\/|\/\*)# sourceMappingURL=.*\s*$/, "\n");
}

function licenseOf(name) {
  const present = readdirSync(join(PLACE, "node_modules", name)).filter((file) => /^(licen[cs]e|notice)/i.test(file) && !/es$/i.test(file));
  // Tabler's package says "MIT" and leaves the text out; its icons, by the same authors, bring it.
  const from = present.length ? name : "@tabler/icons";
  return (present.length ? present : ["LICENSE"]).map((file) => text(from, file).trim()).join("\n\n");
}

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
const files = {};
const licenses = ["Software of others that the console's pages load, and its licenses.\n"];
for (const file of FILES) {
  const locked = LOCKED[`node_modules/${file.package}`];
  const name = `${file.to}-${locked.version}${file.suffix}`;
  const content = file.content ? file.content() : withoutMap(text(file.package, file.from));
  writeFileSync(join(TARGET, name), content);
  files[name] = {
    package: file.package,
    version: locked.version,
    integrity: locked.integrity,
    sha256: createHash("sha256").update(content).digest("hex"),
  };
  licenses.push(`${"=".repeat(80)}\n${name}: ${file.package} ${locked.version}, ${locked.license}\n\n${licenseOf(file.package)}\n`);
}
writeFileSync(join(TARGET, "LICENSES"), licenses.join("\n"));
writeFileSync(join(TARGET, "vendored.json"), JSON.stringify(files, null, 2) + "\n");
