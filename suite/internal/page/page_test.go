package page

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"assay/suite/report"
)

// rendered returns the page of a report.
func rendered(t testing.TB, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hostilePage holds the page of the hostile report, which is large.
var hostilePage struct {
	once sync.Once
	text string
}

// pageOf returns the page of a report. The hostile one is rendered once.
func pageOf(t testing.TB, name string, r *report.Report) string {
	t.Helper()
	if name != "hostile" {
		return rendered(t, r)
	}
	hostilePage.once.Do(func() { hostilePage.text = rendered(t, r) })
	return hostilePage.text
}

// parse returns all elements of a page, in their order.
func parse(t testing.TB, text string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// TestSize checks that the page of the whole catalogue stays below two megabytes,
// whether everything passed or much failed, and shows evidence all the same.
func TestSize(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*report.Report{
		"passing": passing(t), "30 failures": failing(t, 30), "60 failures": failing(t, 60),
	} {
		page := rendered(t, r)
		if len(r.Results) < 150 || len(page) > 2_000_000 {
			t.Errorf("%s: %d results on %d bytes, expected at least 150 on at most 2000000",
				name, len(r.Results), len(page))
		}
		if n := strings.Count(page, `class="seq"`); n < 30 {
			t.Errorf("%s: found %d exchanges with the CA, expected at least 30", name, n)
		}
	}
}

// TestCutsEvidenceOfWhatPassedFirst checks that a page without room shows the
// evidence of failures in full, as long as there is room for that.
func TestCutsEvidenceOfWhatPassedFirst(t *testing.T) {
	t.Parallel()
	r := passing(t)
	fail(&r.Results[0])
	long := strings.Repeat("a line of the log\n", 100)
	for i := range r.Results {
		if e := r.Results[i].Evidence; e != nil {
			e.Log, e.LogTMS = strings.Split(long, "\n"), nil
			e.Config = strings.Repeat("key: value\n", 900)
		}
	}
	page := rendered(t, r)
	if len(page) > 2_000_000 {
		t.Errorf("found %d bytes, expected at most 2000000", len(page))
	}
	before, after, _ := strings.Cut(page, `id="`+r.Results[1].ID+`"`)
	if !strings.Contains(before, long[:1700]) && strings.Count(before, "a line of the log") < 100 {
		t.Error("the log of the failure is not whole")
	}
	if !strings.Contains(after, "left out here") {
		t.Error("the log of what passed is not cut, or does not say so")
	}
}

// TestAnchors checks that each requirement and each case has its anchor, that no
// ID occurs twice, and that each link within the page leads somewhere.
func TestAnchors(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*report.Report{
		"failing": failing(t, 30), "hostile": hostile(t),
	} {
		ids := map[string]bool{}
		nodes := parse(t, pageOf(t, name, r))
		for _, n := range nodes {
			id := attribute(n, "id")
			if id != "" && ids[id] {
				t.Errorf("%s: the ID %q occurs twice", name, id)
			}
			ids[id] = true
		}
		for _, n := range nodes {
			to, ok := strings.CutPrefix(attribute(n, "href"), "#")
			if id, err := url.PathUnescape(to); ok && (err != nil || !ids[id]) {
				t.Errorf("%s: nothing has the ID %q of a link (%v)", name, to, err)
			}
		}
		if name == "hostile" {
			continue
		}
		for _, x := range r.Results {
			if !ids[x.ID] {
				t.Errorf("no anchor %s", x.ID)
			}
			for _, c := range x.Cases {
				if !ids[x.ID+"/"+c.Case] {
					t.Errorf("no anchor %s/%s", x.ID, c.Case)
				}
			}
		}
	}
}

func TestAnchorsThatAreTaken(t *testing.T) {
	t.Parallel()
	ids := newAnchors()
	for _, tt := range []struct{ name, want string }{
		{"BYO-02", "BYO-02"}, {"BYO-02", "BYO-02~2"}, {"BYO-02", "BYO-02~3"},
		{"BYO-02/dot-dot", "BYO-02/dot-dot"}, {"requirements", "requirements~2"},
		{"x-filter", "~x-filter"}, {"", "~2"},
	} {
		if got := ids.add(tt.name); got != tt.want {
			t.Errorf("%q has the anchor %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestPolicy checks that the policy allows the page's own style and script, and
// nothing else.
func TestPolicy(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*report.Report{
		"failing": failing(t, 3), "hostile": hostile(t),
	} {
		var policy string
		found := map[string]int{}
		for _, n := range parse(t, pageOf(t, name, r)) {
			found[n.Data]++
			switch {
			case attribute(n, "http-equiv") == "Content-Security-Policy":
				policy = attribute(n, "content")
			case n.Data == "style":
				if want := "style-src " + hash(textOf(n)); !strings.Contains(policy, want) {
					t.Errorf("%s: the policy is %q, want %q in it", name, policy, want)
				}
			case n.Data == "script":
				if want := "script-src " + hash(textOf(n)); !strings.Contains(policy, want) {
					t.Errorf("%s: the policy is %q, want %q in it", name, policy, want)
				}
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" {
					t.Errorf("%s: <%s %s=%q>: the policy forbids it", name, n.Data, a.Key, a.Val)
				}
			}
		}
		for element, want := range map[string]int{
			"style": 1, "script": 1, "img": 0, "iframe": 0, "link": 1, "base": 0, "object": 0,
		} {
			if found[element] != want {
				t.Errorf("%s: found %d elements %s, want %d", name, found[element], element, want)
			}
		}
		for _, want := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy is %q, want %q in it", name, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: the policy is %q, want no other source in it", name, policy)
		}
	}
}

// TestHostileText checks that no text of a report becomes markup, a dangerous
// link, or a character that a reader does not see.
func TestHostileText(t *testing.T) {
	t.Parallel()
	page := pageOf(t, "hostile", hostile(t))
	if i := strings.IndexFunc(page, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x202a && r <= 0x202e ||
			r >= 0x2066 && r <= 0x2069 || r == '\ufffd'
	}); i >= 0 {
		t.Errorf("found a character that turns or hides text: %q", page[max(i-40, 0):i+20])
	}
	if !strings.Contains(page, `\u202egnp.exe`) || !strings.Contains(page, `\x1b[31mred`) {
		t.Error("control characters are not shown as escapes")
	}
	for _, n := range parse(t, page) {
		href := attribute(n, "href")
		switch {
		case href == "", strings.HasPrefix(href, "#"), strings.HasPrefix(href, "data:image/svg"),
			href == "report.json", href == "junit.xml":
		case strings.HasPrefix(href, "https://evil.test/%22onclick=%22attack"): // escaped
		default:
			t.Errorf("<%s href=%q>: expected no link but to the web", n.Data, href)
		}
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("a value was refused by html/template: it has to be checked before")
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://example.org/issues/42": "https://example.org/issues/42",
		"http://example.org":            "http://example.org",
		"javascript:attack()":           "",
		"data:text/html,x":              "",
		"//example.org/x":               "",
		"https:example.org":             "",
		"file:///etc/passwd":            "",
		"see the wiki":                  "",
	} {
		if got := WebLink(text); got != want {
			t.Errorf("WebLink(%q) = %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"evidence/BYO-02/dot-dot": "evidence/BYO-02/dot-dot/",
		"evidence/a b":            "evidence/a%20b/",
		"evidence/../../x":        "",
		"/etc":                    "",
		"javascript:x":            "",
		`evidence\..\x`:           "",
		"":                        "",
	} {
		if got := fileLink(text); got != want {
			t.Errorf("fileLink(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestParts checks that the page shows each part of a report.
func TestParts(t *testing.T) {
	t.Parallel()
	r := failing(t, 5)
	page := pageText(t, r)
	for _, want := range []string{
		"my-server fails 7 of N requirements.", "my-server 1.4.2", "v0.58.0", "namespace",
		"edge, 403 certificates issued", "24 November 2026, 09:30:00 UTC", "9.8 s (CPU 17.3 s)",
		"What failed 7", "Not met (SHOULD) 3", "Known failures 3", "unexpected pass",
		"upstream has not released the fix", "until 2027-06-30", "https://example.org/issues/42",
		"Known failures that did not apply 1", "bodies are drained", "Tried twice",
		"Warnings at start that no spec announced", "WRN no data source configured",
		"the target does not claim tls-alpn-01", " not run",
		"injected fault: server-error", "urn:ietf:params:acme:error:unauthorized Renewal is refused",
		"POST-as-GET authz 200 × 20", "challenge tls-alpn-01 invalid",
		"not sent: clients need to have it",
		"wrong order: the issuer is certificate 3",
		"sent twice", "expired 110 days before the run", "remote error: tls: unrecognized name",
		"not the issuer, which is Pebble Intermediate CA 6c3a7e",
		"Certificates over time", "24 Nov 2026 09:30 – 22 Feb 2027 09:30 (90 days)", "10 days left",
		"client: was served", "network.pcapng", "assay run --target my-server.yaml --only CFG-01",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// visible returns the texts of a page without its style and its script.
func visible(t testing.TB, page string) []string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			texts = append(texts, n.Data)
		}
	}
	return texts
}

// manyRequirements matches a number of requirements, which grows with the catalogue.
var manyRequirements = regexp.MustCompile(`\d{3}( requirements)`)

// pageText returns the text of the page of a report on one line, with N in place of
// numbers of requirements.
func pageText(t testing.TB, r *report.Report) string {
	t.Helper()
	text := strings.Fields(strings.Join(visible(t, rendered(t, r)), " "))
	return manyRequirements.ReplaceAllString(strings.Join(text, " "), "N$1")
}

// TestVerdict checks the sentence and the notes for each way in which a run ends.
func TestVerdict(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*report.Report)
		says   []string
	}{
		"passed": {func(*report.Report) {}, []string{
			"my-server passed N requirements.", "Exit code 0: no MUST failed."}},
		"interrupted": {func(r *report.Report) { r.Interrupted = true }, []string{
			"The run against my-server was interrupted.", "Exit code 130. ", "Interrupted A signal"}},
		"skipped cases": {func(r *report.Report) { skipCases(r, 2) }, []string{
			"Exit code 0: no MUST failed. 2 cases of judged requirements were skipped."}},
		"skipped case": {func(r *report.Report) { skipCases(r, 1) }, []string{
			"1 case of a judged requirement was skipped."}},
		"error": {func(r *report.Report) { r.Error = "probe: no start" }, []string{
			"The run against my-server failed.", "The run failed", "probe: no start"}},
		"stopped": {func(r *report.Report) { r.Stopped = "--timeout 1m passed" }, []string{
			"Ended early", "--timeout 1m passed"}},
		"partial": {func(r *report.Report) {
			leave(r, 6)
			r.Selection = &report.Selection{Only: []string{"CFG-*", "BYO-01"}, Shard: "1/3"}
		}, []string{
			"Partial run", "--only CFG-*,BYO-01 --shard 1/3",
			"6 of N requirements were selected.", "not selected"}},
		"nothing": {func(r *report.Report) { leave(r, 0) }, []string{
			"Nothing about my-server was judged.", "0 of N requirements were selected."}},
		"not met": {func(r *report.Report) { failLevel(r, "SHOULD") }, []string{
			"my-server passed, with 1 SHOULD not met.", "Not met (SHOULD)"}},
		"strict": {func(r *report.Report) { r.Strict = true; failLevel(r, "SHOULD") }, []string{
			"my-server fails 1 of N requirements.", "a failed SHOULD fails the run"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := passing(t)
			tt.change(r)
			r.Conclude()
			page := pageText(t, r)
			for _, want := range tt.says {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not say %q: %.1500s", want, page)
				}
			}
		})
	}
}

// skipCases skips the first case of n results that have several.
func skipCases(r *report.Report, n int) {
	for i := range r.Results {
		if x := &r.Results[i]; n > 0 && len(x.Cases) > 1 {
			x.Cases[0].Status, x.Cases[0].Reason = report.Skipped, "no IPv6 in this world"
			n--
		}
	}
}

// leave makes all but the first n results such as the user left out.
func leave(r *report.Report, n int) {
	for i := n; i < len(r.Results); i++ {
		x := &r.Results[i]
		x.Status, x.LeftOut, x.Reason = report.Skipped, true, "not selected"
		x.Cases, x.Evidence, x.Observations = nil, nil, nil
	}
}

// failLevel makes the first result of a level fail.
func failLevel(r *report.Report, level string) {
	for i := range r.Results {
		if x := &r.Results[i]; string(x.Level) == level {
			fail(x)
			return
		}
	}
}

// TestWrite checks that Write stores a page, and Clear removes it, but neither
// touches the file of another program.
func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, File)
	r := failing(t, 1)
	for range 2 { // the second page takes the place of the first
		if err := Write(dir, r); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != rendered(t, r) {
		t.Errorf("found %d bytes (%v), want the page", len(text), err)
	}
	for range 2 { // there is nothing to remove the second time
		if err := Clear(dir); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("found %v (%v), want an empty directory", names, err)
	}
	if err := os.WriteFile(file, []byte("<html>of another program"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"Write": Write(dir, r), "Clear": Clear(dir)} {
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v, want an error that names %s", name, err, file)
		}
	}
}

// TestDoesNotFollowLinks checks that a link that a target left in the directory
// does not lead Write elsewhere.
func TestDoesNotFollowLinks(t *testing.T) {
	t.Parallel()
	dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte(generator), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(dir, File)); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, failing(t, 1)); err == nil {
		t.Error("Write took a link for a page of its own")
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != generator {
		t.Errorf("the file behind the link holds %q (%v)", text, err)
	}
}

func TestRenderLeavesTheReportAlone(t *testing.T) {
	t.Parallel()
	r, same := hostile(t), hostile(t)
	rendered(t, r)
	if a, b := rendered(t, r), rendered(t, same); a != b {
		t.Error("Render changed the report")
	}
}
