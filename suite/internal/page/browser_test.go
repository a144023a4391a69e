package page

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/suite/internal/browser"
	"assay/suite/internal/browser/browsertest"
	"assay/suite/report"
)

// A reader looks at pages with a real browser.
type reader struct {
	*testing.T
	b   *browser.Browser
	dir string // of the pages
	url string // of the page that is open
}

// newReader starts a browser, or skips the test where there is none.
func newReader(t *testing.T) *reader {
	t.Helper()
	r := &reader{T: t, b: browsertest.Start(t), dir: t.TempDir()}
	r.size(1400, 900)
	return r
}

// open renders a report and opens its page at a fragment.
func (r *reader) open(name string, x *report.Report, fragment string) {
	r.Helper()
	file := filepath.Join(r.dir, name+".html")
	if _, err := os.Stat(file); err != nil {
		if err := os.WriteFile(file, []byte(pageOf(r, name, x)), 0o600); err != nil {
			r.Fatal(err)
		}
	}
	r.url = (&url.URL{Scheme: "file", Path: file}).String()
	r.visit("about:blank") // so that another fragment loads the page again
	r.visit(r.url + fragment)
}

func (r *reader) visit(address string) {
	r.Helper()
	events, err := r.b.Open(address)
	if err != nil {
		r.Fatal(err)
	}
	r.inspect(events)
}

// inspect fails the test if something went wrong in the page, or if the page
// asked for anything but itself and its icon.
func (r *reader) inspect(events []browser.Event) {
	r.Helper()
	for _, e := range events {
		switch e.Method {
		case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled",
			"Page.javascriptDialogOpening":
			r.Errorf("%s: %.600s", e.Method, e.Params)
		case "Network.requestWillBeSent":
			var p struct{ Request struct{ URL string } }
			if err := json.Unmarshal(e.Params, &p); err != nil {
				r.Fatal(err)
			}
			address, _, _ := strings.Cut(p.Request.URL, "#")
			if address != r.url && address != "about:blank" && !strings.HasPrefix(address, "data:") {
				r.Errorf("the page asks for %s", p.Request.URL)
			}
		}
	}
}

// eval runs a script in the page.
func eval[T any](r *reader, script string) T {
	r.Helper()
	var v T
	events, err := r.b.Evaluate(script, &v)
	if err != nil {
		r.Fatalf("%.200s: %v", script, err)
	}
	r.inspect(events)
	return v
}

func (r *reader) do(method string, params map[string]any) {
	r.Helper()
	events, err := r.b.Do(method, params, nil)
	if err != nil {
		r.Fatal(err)
	}
	r.inspect(events)
}

func (r *reader) size(width, height int) {
	r.Helper()
	r.do("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500,
	})
}

func (r *reader) theme(name string) {
	r.Helper()
	r.do("Emulation.setEmulatedMedia", map[string]any{
		"features": []any{map[string]any{"name": "prefers-color-scheme", "value": name}},
	})
}

func (r *reader) press(key string) {
	r.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13, " ": 32}
	press := map[string]any{
		"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": codes[key],
	}
	if key == "Enter" {
		press["text"] = "\r"
	}
	r.do("Input.dispatchKeyEvent", press)
	r.do("Input.dispatchKeyEvent", map[string]any{
		"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]})
}

const openAll = `document.querySelectorAll("details").forEach(d => d.open = true);`

// settled waits until the browser has drawn what a script changed.
const settled = `new Promise(done => requestAnimationFrame(() => setTimeout(done)))`

// TestNothingOverflows checks that no part of a page is wider than the window, and
// that the page makes no request and no error, whatever its texts are.
func TestNothingOverflows(t *testing.T) {
	r := newReader(t)
	for name, x := range map[string]*report.Report{
		"passing": passing(t), "failing": failing(t, 30), "hostile": hostile(t),
	} {
		widths := []int{360, 1400}
		if name == "failing" {
			widths = append(widths, 768) // the others would show no more there
		}
		for _, width := range widths {
			r.size(width, 900)
			r.open(name, x, "")
			wide := eval[[]string](r, openAll+fmt.Sprintf(`
				[...document.querySelectorAll("body *")].filter(e => {
					const box = e.getBoundingClientRect();
					return box.width > 0 && box.right > %d + .5 && !e.closest(".scroll, .sprite, .skip");
				}).slice(0, 5).map(e => e.tagName + "." + e.className + ": " + e.textContent.slice(0, 60))`,
				width))
			if len(wide) > 0 {
				t.Errorf("%s at %d pixels: too wide: %q", name, width, wide)
			}
			if got := eval[int](r, `document.documentElement.scrollWidth`); got > width {
				t.Errorf("%s at %d pixels: the page is %d wide", name, width, got)
			}
		}
	}
}

// TestLevelsFitAPhone checks that the counts by level need no scrolling.
func TestLevelsFitAPhone(t *testing.T) {
	r := newReader(t)
	r.size(360, 800)
	r.open("failing", failing(t, 30), "")
	if !eval[bool](r, `(s => s.scrollWidth <= s.clientWidth)(document.querySelector(".scroll"))`) {
		t.Error("the table of levels is wider than a phone")
	}
}

// TestColumnsOfRequirements checks that levels and statuses stand below each other,
// with and without a time beside them.
func TestColumnsOfRequirements(t *testing.T) {
	r := newReader(t)
	r.open("failing", failing(t, 30), "")
	for _, column := range []string{"level", "word"} {
		at := eval[map[string]int](r, openAll+fmt.Sprintf(`
			[...document.querySelectorAll(".req")].reduce((at, e) => {
				const x = e.querySelector("summary .%s").getBoundingClientRect().left.toFixed(0);
				at[x] = (at[x] || 0) + 1;
				return at }, {})`, column))
		if len(at) != 1 {
			t.Errorf("%s: found at these positions: %v; want one position", column, at)
		}
	}
	if !eval[bool](r, `[...document.querySelectorAll(".req .took")].some(e => !e.textContent)`) {
		t.Error("each requirement has a time: the test compares nothing")
	}
}

// TestWrappedLinesHang checks that further rows of a long line begin to the right of
// the first, on a phone as well.
func TestWrappedLinesHang(t *testing.T) {
	r := newReader(t)
	for _, width := range []int{360, 1400} {
		r.size(width, 900)
		r.open("failing", failing(t, 3), "")
		for _, lines := range []string{".list dd:not(.prose) > .line", ".log span"} {
			rows := eval[[][]float64](r, openAll+fmt.Sprintf(`
				[...document.querySelectorAll(%q)].map(e => {
					const range = document.createRange();
					range.selectNodeContents(e);
					return [...range.getClientRects()].map(b => b.left);
				}).filter(rows => rows.length > 1)`, lines))
			for _, row := range rows {
				for _, left := range row[1:] {
					if left < row[0]+8 {
						t.Errorf("%s at %d pixels: rows begin at %v, want the others further right",
							lines, width, row)
					}
				}
			}
			if len(rows) == 0 && width == 360 {
				t.Errorf("%s at %d pixels: no line is wrapped", lines, width)
			}
		}
	}
}

// TestOpensFast loads the page of the whole catalogue. The best of several tries
// counts, because the machine may be busy.
func TestOpensFast(t *testing.T) {
	r := newReader(t)
	x := passing(t)
	best := 1e9
	for range 8 {
		r.open("passing", x, "")
		best = min(best, eval[float64](r, `new Promise(done => setTimeout(() =>
			done(performance.getEntriesByType("navigation")[0].loadEventEnd)))`))
		if best < 1000 {
			break
		}
	}
	if best >= 1000 {
		t.Errorf("the page opens in %.0f ms, expected less than 1000", best)
	}
}

// TestLinksInBrowser follows the links to a requirement and to a case, with and without
// the page's script.
func TestLinksInBrowser(t *testing.T) {
	r := newReader(t)
	x := failing(t, 30)
	var id, name string
	for _, y := range x.Results {
		if y.Status == report.Failed && len(y.Cases) > 2 {
			id, name = y.ID, y.ID+"/"+y.Cases[1].Case
		}
	}
	shown := func(anchor string) string {
		return fmt.Sprintf(`(() => { const e = document.getElementById(%q);
			const box = e.getBoundingClientRect();
			return e.closest("details").open && !e.closest("[hidden]") &&
				box.top >= 0 && box.top < innerHeight })()`, anchor)
	}
	for _, script := range []bool{true, false} {
		r.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": !script})
		for _, anchor := range []string{id, name} {
			r.open("failing", x, "#"+anchor)
			if !eval[bool](r, shown(anchor)) {
				t.Errorf("with script: %t: a link to %s does not show it", script, anchor)
			}
		}
		if got := eval[bool](r, `document.getElementById("x-filter").hidden`); got == script {
			t.Errorf("with script: %t: the filter is hidden: %t", script, got)
		}
	}
	r.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": false})

	// A link within the page, to what the filter hides.
	r.open("failing", x, "#status=passed")
	if eval[bool](r, shown(id)) {
		t.Fatalf("the filter shows %s, which failed", id)
	}
	eval[any](r, fmt.Sprintf(`document.querySelector('.list a[href="#%s"]').click()`, id))
	eval[any](r, settled)
	if !eval[bool](r, shown(id)) {
		t.Errorf("a click on the link to %s does not show it", id)
	}
	// The same link again, after the reader has closed the requirement.
	eval[any](r, fmt.Sprintf(`document.getElementById(%q).closest("details").open = false`, id))
	eval[any](r, fmt.Sprintf(`document.querySelector('.list a[href="#%s"]').click()`, id))
	eval[any](r, settled)
	if !eval[bool](r, shown(id)) {
		t.Errorf("a second click on the link to %s does not show it", id)
	}
}

// TestFilter checks that the filter shows what it says, keeps itself in the
// address, and is set by an address.
func TestFilter(t *testing.T) {
	r := newReader(t)
	x := failing(t, 30)
	r.open("failing", x, "")
	const visible = `[...document.querySelectorAll(".req")].filter(e => e.checkVisibility())
		.map(e => e.dataset.kind + " " + e.dataset.level + " " + e.querySelector(".id").textContent)`
	count := func(match func(report.Result) bool) (n int) {
		for _, y := range x.Results {
			if match(y) {
				n++
			}
		}
		return n
	}
	check := func(what string, want int, fragment string) []string {
		t.Helper()
		got := eval[[]string](r, visible)
		if len(got) != want || want == 0 {
			t.Errorf("%s: %d shown, want %d: %.3q", what, len(got), want, got)
		}
		if hash := eval[string](r, `location.hash`); hash != fragment {
			t.Errorf("%s: the fragment is %q, want %q", what, hash, fragment)
		}
		if said := eval[string](r, `document.getElementById("x-shown").textContent`); fragment != "" &&
			said != fmt.Sprintf("%d of %d shown", want, len(x.Results)) {
			t.Errorf("%s: the page says %q, want the number %d", what, said, want)
		}
		return got
	}
	click := func(selector string) { eval[any](r, `document.querySelector('`+selector+`').click()`) }
	set := func(id, value, event string) {
		eval[any](r, fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event(%q)) })
			(document.getElementById(%q))`, value, event, id))
	}
	isFailed := func(y report.Result) bool {
		return y.Status == report.Failed && y.Level == "MUST"
	}
	click(`[data-kind=failed]`)
	check("failed", count(isFailed), "#status=failed")
	click(`[data-kind=error]`)
	check("failed or error", count(isFailed)+1, "#status=error,failed")
	click(`[data-kind=error]`)
	click(`[data-kind=failed]`)
	click(`[data-level=SHOULD]`)
	isShould := func(y report.Result) bool { return y.Level == "SHOULD" }
	all := check("SHOULD", count(isShould), "#level=SHOULD")
	if strings.Count(strings.Join(all, ","), "not-claimed") == 0 {
		t.Error("what is not claimed stays closed although the filter selects it")
	}
	set("x-chapter", "byo", "change")
	check("SHOULD of byo", count(func(y report.Result) bool {
		return y.Level == "SHOULD" && y.Profile == "byo"
	}), "#level=SHOULD&chapter=byo")
	click(`#x-reset`)
	check("everything", count(func(y report.Result) bool { return y.Status != report.NotClaimed }), "")
	set("x-text", "Byo-02 ", "input")
	found := eval[[]string](r, visible)
	if len(found) == 0 || !strings.Contains(strings.Join(found, ","), "BYO-02") {
		t.Errorf("the text BYO-02 finds %q", found)
	}
	set("x-text", "zyxwvut", "input")
	if !eval[bool](r, `document.getElementById("x-nothing").checkVisibility()`) {
		t.Error("the page does not say that nothing matches")
	}
	r.open("failing", x, "#status=failed&level=MUST&chapter=acme")
	check("an address", count(func(y report.Result) bool {
		return isFailed(y) && y.Profile == "acme"
	}), "#status=failed&level=MUST&chapter=acme")
	if pressed := eval[[]string](r, `[...document.querySelectorAll("[aria-pressed=true]")]
		.map(c => c.dataset.kind || c.dataset.level)`); strings.Join(pressed, " ") != "failed MUST" {
		t.Errorf("pressed are %q, want failed and MUST", pressed)
	}
}

// contrasts returns the colours of texts that are hard to read: below the ratio
// 4.5 that WCAG 2 demands of plain text.
const contrasts = `(() => {
	const parse = c => {
		const m = c.match(/[\d.]+/g).map(Number);
		return m.length > 3 ? m : [...m, 1];
	};
	const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
	const light = c => c.slice(0, 3).map(v => v / 255)
		.map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
	const paper = e => {
		const layers = [];
		for (; e; e = e.parentElement) layers.unshift(parse(getComputedStyle(e).backgroundColor));
		return layers.reduce((below, c) => over(c, below), [255, 255, 255, 1]);
	};
	const bad = new Set(); let n = 0;
	const look = (e, style) => {
		let ink = parse(style.color);
		for (let p = e; p; p = p.parentElement) ink[3] *= Number(getComputedStyle(p).opacity);
		const under = paper(e), a = light(over(ink, under)), b = light(under);
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		n++;
		if (ratio < 4.5) bad.add(ratio.toFixed(2) + " " + e.tagName + "." + e.className + " in " +
			e.parentElement.className);
	};
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (walk.currentNode.data.trim() && e.checkVisibility() && e.tagName !== "OPTION") {
			look(e, getComputedStyle(e));
		}
	}
	const input = document.getElementById("x-text");
	look(input, getComputedStyle(input, "::placeholder"));
	return n < 500 ? ["only " + n + " texts"] : [...bad];
})()`

// TestThemes checks both themes: that they differ, and that every text can be
// read in them.
func TestThemes(t *testing.T) {
	r := newReader(t)
	x := failing(t, 8)
	x.Results = x.Results[:60]
	papers := map[string]string{}
	for _, theme := range []string{"light", "dark"} {
		r.theme(theme)
		for _, fragment := range []string{"", "#status=failed&level=MUST"} {
			r.open("short", x, fragment)
			if bad := eval[[]string](r, openAll+contrasts); len(bad) > 0 {
				t.Errorf("%s, %q: hard to read: %q", theme, fragment, bad)
			}
		}
		papers[theme] = eval[string](r, `getComputedStyle(document.documentElement).backgroundColor`)
	}
	if papers["light"] == papers["dark"] {
		t.Errorf("both themes have the background %s", papers["light"])
	}
}

// TestKeyboard goes through the page by the keyboard: everything that can be
// focused comes in the order of the page, and shows that it has the focus.
func TestKeyboard(t *testing.T) {
	r := newReader(t)
	r.open("failing", failing(t, 3), "")
	type stop struct {
		Name, Text       string
		Forward, Visible bool
		Outline          bool
	}
	const look = `(async () => { await ` + settled + `;
		const e = document.activeElement, b = e.getBoundingClientRect();
		const s = getComputedStyle(e), before = window.before || document.documentElement;
		window.before = e;
		return {name: e.tagName, text: e.textContent.trim().slice(0, 40),
			forward: !!(before.compareDocumentPosition(e) & 4),
			visible: b.width > 0 && b.right > 0 && b.bottom > 0 && b.top < innerHeight,
			outline: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2} })()`
	kinds := map[string]int{}
	for i := range 70 {
		r.press("Tab")
		s := eval[stop](r, look)
		kinds[s.Name]++
		if i == 0 && s.Text != "Skip to the requirements" {
			t.Errorf("the first stop is %q, want the skip link", s.Text)
		}
		if !s.Forward || !s.Visible || !s.Outline {
			t.Errorf("stop %d: %+v: want it further down, visible and outlined", i+1, s)
		}
	}
	for _, kind := range []string{"A", "SUMMARY", "INPUT", "BUTTON", "SELECT"} {
		if kinds[kind] == 0 {
			t.Errorf("no stop at any %s: %v", kind, kinds)
		}
	}

	r.open("failing", nil, "")
	r.press("Tab")
	r.press("Enter") // on the skip link
	r.press("Tab")
	if s := eval[stop](r, look); s.Name != "INPUT" {
		t.Errorf("after the skip link the first stop is %+v, want the search", s)
	}
	eval[any](r, `document.querySelector(".req > summary").focus()`)
	r.press("Enter")
	if !eval[bool](r, `document.querySelector(".req").open`) {
		t.Error("Enter does not open a requirement")
	}
}

// TestPrint checks that paper shows what failed in full, and no filter.
func TestPrint(t *testing.T) {
	r := newReader(t)
	r.open("failing", failing(t, 3), "")
	r.do("Emulation.setEmulatedMedia", map[string]any{"media": "print"})
	const state = `[document.getElementById("x-filter").checkVisibility(),
		document.querySelectorAll(".req[open][data-kind=failed]").length,
		document.querySelectorAll(".req[open][data-kind=passed]").length]`
	for event, want := range map[string]string{
		"beforeprint": "[false 3 0]", "afterprint": "[false 0 0]",
	} {
		eval[any](r, `dispatchEvent(new Event("beforeprint"))`)
		if event == "afterprint" {
			eval[any](r, `dispatchEvent(new Event("afterprint"))`)
		}
		if got := fmt.Sprint(eval[[]any](r, state)); got != want {
			t.Errorf("%s: filter, open failures, open passes: %s, want %s", event, got, want)
		}
		eval[any](r, `dispatchEvent(new Event("afterprint"))`)
	}
}
