package submission

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
	"assay/suite/report"
)

const targetText = `name: my-server
command: [my-server, --config, "{{.ConfigFile}}"]
config: {base: {log_level: info}}
profiles: [config, byo]
`

func catalogue(t *testing.T) *scenarios.Catalogue {
	t.Helper()
	c, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// whole returns a report of the present catalogue in which BYO-02 failed.
func whole(t *testing.T) *report.Report {
	t.Helper()
	c := catalogue(t)
	r := &report.Report{
		Schema: report.Schema,
		Suite:  report.Suite{Version: "v0.1.0", Catalogue: c.Digest()},
		Target: report.Target{
			Name:     "my-server",
			Version:  "my-server v1.2.3",
			Profiles: []string{"config", "byo"},
		},
		World:   "namespace",
		CA:      "edge",
		Go:      "go1.26.8",
		OS:      "linux/amd64",
		Started: time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC),
	}
	for _, chapter := range c.Chapters {
		for _, q := range chapter.Requirements {
			x := report.Result{
				ID: q.ID, Title: q.Title, Level: q.Level, Profile: chapter.Name, Source: q.Source,
				Text: q.Text, Why: q.Why, Status: report.NotClaimed, Unclaimed: []string{chapter.Name},
			}
			if chapter.Name == "config" || chapter.Name == "byo" {
				x.Status, x.Unclaimed = report.Passed, nil
				x.Evidence = &report.Evidence{Config: "of what passed", Repeat: "assay run"}
			}
			if q.ID == "BYO-02" {
				x.Status, x.Reason = report.Failed, "dot-dot: seen decoy"
				x.Evidence = &report.Evidence{
					Case: "dot-dot", Dir: "evidence/BYO-02/dot-dot", Config: "listen_addr: 127.0.0.1:1",
					Log: []string{"one", "two"}, LogTMS: []int64{1, 2},
					Repeat: "assay run --target /home/me/t.yaml --env API_TOKEN=xyz123abc456 --only BYO-02 --keep",
				}
				x.Cases = []report.Case{{Case: "dot-dot", Status: report.Failed, Reason: "seen decoy"}}
			}
			r.Results = append(r.Results, x)
		}
	}
	r.Conclude()
	return r
}

func content(r *report.Report) Content {
	return Content{Report: r, Target: []byte(targetText), Assay: "v0.1.0", Page: true}
}

// submit writes a submission and returns its directory.
func submit(t *testing.T, c Content, s *Scrubber) string {
	t.Helper()
	files, err := Files(c, s)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "submission")
	if err := Write(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSubmissionIsComplete(t *testing.T) {
	t.Parallel()
	r := whole(t)
	before, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	dir := submit(t, content(r), NewScrubber(Private{}))
	notes, err := Check(dir, catalogue(t))
	if err != nil || len(notes) > 0 {
		t.Errorf("found %v and the notes %q, expected neither", err, notes)
	}
	after, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("the report was changed, expected a copy")
	}
	sent, err := report.Read(filepath.Join(dir, ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range sent.Results {
		want := r.Results[i]
		if x.Status != want.Status || x.Reason != want.Reason || len(x.Cases) != len(want.Cases) {
			t.Errorf("%s: found another verdict", x.ID)
		}
		if x.Status == report.Passed && x.Evidence != nil {
			t.Errorf("%s: found evidence of what passed, expected none", x.ID)
		}
		if x.Status == report.Failed {
			want := &report.Evidence{
				Case: "dot-dot", Config: "listen_addr: 127.0.0.1:1", Log: []string{"one", "two"},
				LogTMS: []int64{1, 2}, Repeat: "assay run --target target.yaml --only BYO-02",
			}
			if diff := cmp.Diff(want, x.Evidence); diff != "" {
				t.Error(diff)
			}
		}
	}
	readme, err := os.ReadFile(filepath.Join(dir, ReadmeFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"# my-server\n", "1 failed", "26 November 2026", "linux/amd64",
		"assay run --target target.yaml", "It lacks ",
	} {
		if !strings.Contains(string(readme), text) {
			t.Errorf("README: found no %q", text)
		}
	}
}

// planted are secrets and places of a machine, each in the form in which it could
// stand in a log, in a configuration or in a target file.
var planted = map[string]string{
	"a PEM key": "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49planted0AgEGCCqGSM49AwEH\n" +
		"-----END PRIVATE KEY-----",
	"a GitHub token":       "ghp_planted0123456789abcdefghij0123456789",
	"an AWS key":           "AKIAPLANTED012345678",
	"a password in a URL":  "https://me:planted-99@example.org/",
	"a bearer token":       "Authorization: Bearer planted0123456789",
	"a named secret":       "db_password: planted0Passw0rd",
	"a named environment":  "API_TOKEN=planted9876543210",
	"a variable's value":   "planted by the environment",
	"a home directory":     "/home/planted/src/my-server",
	"a Mac's home":         "open /Users/planted/x.pem: no such file",
	"a build directory":    "/builds/planted/project/x",
	"a way up to the root": "INF ../../../../tmp/planted/src/app.go:330 > started",
	"a given directory":    "/srv/planted/checkout/report",
	"a test's directory":   "/var/folders/planted/T/assay-123/1-25/byo-02/cert.pem",
	"the machine":          "planted-host.example.org",
	"the machine's name":   "started on planted-host with pid 1",
	"a directory in a URL": "file=/home/planted/x",
}

// TestNothingPrivateIsSent plants secrets everywhere and looks for them in every
// file.
func TestNothingPrivateIsSent(t *testing.T) {
	t.Parallel()
	s := NewScrubber(Private{
		Host: "planted-host", Dirs: []string{"/srv/planted/checkout"},
		Secrets: []string{"planted by the environment"},
	})
	for name, text := range planted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := whole(t)
			i := slices.IndexFunc(r.Results, func(x report.Result) bool { return x.Status == report.Failed })
			x := &r.Results[i]
			x.Reason, x.Detail, r.WorldReason, r.Target.Version = text, text, text, "v1 "+text
			x.Evidence = &report.Evidence{
				Config: text, Log: []string{text, "prefix " + text + " suffix"}, Repeat: text,
				ACME:       []report.Exchange{{From: text, To: "edge", What: text, Detail: text, Fault: text}},
				Handshakes: []report.Handshake{{Address: text, ServerName: text, Error: text}},
			}
			x.Cases[0].Reason, x.Cases[0].KnownFailure = text, &report.Excuse{Reason: text, Link: text}
			x.Observations = []report.Observation{
				{Kind: "log", Name: text, Value: map[string]any{text: []any{text}}},
			}
			r.LeftAside = []report.LeftAside{{ID: "BYO-03", Reason: text, Why: text}}
			c := content(r)
			c.ServerVersion = text
			c.Target = []byte(
				targetText + "env:\n  X: |\n    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n",
			)
			files, err := Files(c, s)
			if err != nil {
				t.Fatal(err)
			}
			for file, content := range files {
				if at := strings.Index(strings.ToLower(string(content)), "planted"); at >= 0 {
					t.Errorf("%s holds %q", file, content[max(0, at-40):min(len(content), at+60)])
				}
			}
		})
	}
}

// TestScrubbingTwice checks that a submission has nothing left to replace, and that
// ordinary texts stay as they are.
func TestScrubbingTwice(t *testing.T) {
	t.Parallel()
	s := new(Scrubber)
	for name, text := range planted {
		once := s.Text(text)
		if twice := s.Text(once); twice != once {
			t.Errorf("%s: found %q after %q, expected the same", name, twice, once)
		}
	}
	for _, text := range []string{
		"GET /.well-known/acme-challenge/<token> 200", "/etc/ssl/certs", "https://example.org/home/page",
		"tls_key_path: tls/key.pem", "secret: of-no-importance", "token: <token>", "{{.Dir}}/tmp/a/b",
		"expected /tls/cert.pem", "curl -k https://127.0.0.1:8443/health", "1/2 3/4",
	} {
		if got := s.Text(text); got != text {
			t.Errorf("found %q for %q, expected the same", got, text)
		}
	}
}

// TestServerCalledLikeTheMachine checks that names of Assay stay.
func TestServerCalledLikeTheMachine(t *testing.T) {
	t.Parallel()
	r := whole(t)
	r.Target.Name = "passed"
	c := content(r)
	c.Target = []byte(strings.Replace(targetText, "my-server", "passed", 1))
	dir := submit(t, c, NewScrubber(Private{Host: "registry"}))
	if _, err := Check(dir, catalogue(t)); err != nil {
		t.Error(err)
	}
	files, err := Files(c, NewScrubber(Private{Host: "passed"}))
	if err != nil {
		t.Fatal(err)
	}
	sent, err := report.Decode(files[ReportFile])
	if err != nil || sent.Target.Name != "passed" || sent.Results[0].Status != report.Passed {
		t.Errorf("found %v, %+v, expected the names as they were", err, sent.Target)
	}
}

// TestSize checks that a report with far too much evidence becomes small enough,
// and that the submission says what it lacks.
func TestSize(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 20, 100} {
		r := whole(t)
		for i := range r.Results {
			x := &r.Results[i]
			x.Status = report.Failed
			x.Evidence = &report.Evidence{
				Config: strings.Repeat("key: value\n", size),
				Log:    slices.Repeat([]string{strings.Repeat("l", size)}, size),
			}
			for k := range 5 {
				x.Cases = append(x.Cases,
					report.Case{Case: fmt.Sprint(k), Status: report.Failed, Evidence: x.Evidence})
			}
			for _, kind := range []string{"log", "chain", "count", "of the future"} {
				x.Observations = append(x.Observations,
					report.Observation{Kind: kind, Name: kind, Value: strings.Repeat("v", size)})
			}
		}
		files, err := Files(content(r), new(Scrubber))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(files[ReportFile]); n > MaxReport {
			t.Errorf("%d: found %d bytes, expected at most %d", size, n, MaxReport)
		}
		meta, sent, err := decode(files)
		if err != nil {
			t.Fatal(err)
		}
		if len(sent.Results) != len(r.Results) || len(sent.Results[0].Cases) != len(r.Results[0].Cases) {
			t.Errorf("%d: found fewer verdicts", size)
		}
		if len(meta.LeftOut) == 0 {
			t.Errorf("%d: found nothing that is left out, expected it to be named", size)
		}
	}
	r := whole(t)
	for i := range r.Results {
		r.Results[i].Text = strings.Repeat("endless ", 1000)
	}
	if _, err := Files(content(r), new(Scrubber)); err == nil ||
		!strings.Contains(err.Error(), "400000") {
		t.Errorf("found %v, expected an error that names the limit", err)
	}
}

// TestCheckFindsMistakes spoils a submission in every way that Check knows.
func TestCheckFindsMistakes(t *testing.T) {
	t.Parallel()
	rewrite := func(change func(*report.Report)) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, ReportFile)
			r, err := report.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			change(r)
			text, err := encode(r, "")
			if err = errors.Join(err, os.WriteFile(path, text, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	replace := func(file, old, text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, file)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			after := strings.Replace(string(before), old, text, 1)
			if after == string(before) {
				t.Fatalf("found no %q in %s", old, file)
			}
			if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tt := range map[string]struct {
		spoil func(*testing.T, string)
		want  string
	}{
		"no target": {
			func(_ *testing.T, d string) {
				os.Remove(filepath.Join(d, TargetFile))
			},
			"target.yaml: found no file",
		},
		"another file": {
			func(_ *testing.T, d string) {
				os.WriteFile(filepath.Join(d, "x.sh"), nil, 0o755)
			},
			"x.sh: found a file that is no part",
		},
		"a link": {
			func(t *testing.T, d string) {
				link(t, filepath.Join(d, BadgeFile))
			},
			"expected a regular one",
		},
		"a large target": {
			replace(TargetFile, "name", "#"+strings.Repeat("x", MaxTarget)+"\nname"),
			"expected at most 200000",
		},
		"no JSON": {replace(ReportFile, "{", "["), "not a report"},
		"another schema": {
			replace(File, `"schema": 1`, `"schema": 2`), "found schema 2, expected 1",
		},
		"a further member": {
			replace(File, `"schema"`, `"x": 1, "schema"`), `unknown field "x"`,
		},
		"another command": {
			replace(File, "assay run", "curl x | sh; assay run"), "command: found",
		},
		"a target file that does not load": {replace(TargetFile, "profiles", "profile"), "profile"},
		"another name": {
			replace(TargetFile, "name: my-server", "name: x"), `name: found "x"`,
		},
		"other profiles": {replace(TargetFile, "[config, byo]", "[byo]"), "profiles: found byo"},
		"a secret in the target file": {
			replace(TargetFile, "log_level: info", "api_token: abc123def456"),
			"found a secret or a path",
		},
		"another badge":  {replace(BadgeFile, "failed", "passed"), "badge.svg: found another text"},
		"another README": {replace(ReadmeFile, "1 failed", "0 failed"), "README.md: found another text"},
		"an unknown ID": {
			rewrite(func(r *report.Report) {
				r.Results[0].ID = "CFG-99"
			}),
			`found "CFG-99"`,
		},
		"a level of one's own": {
			rewrite(func(r *report.Report) {
				r.Results[0].Level = scenarios.May
			}),
			"as in the catalogue",
		},
		"a requirement less": {
			rewrite(func(r *report.Report) {
				r.Results = r.Results[1:]
			}),
			"found no result for 1 requirements",
		},
		"no digest": {
			rewrite(func(r *report.Report) {
				r.Suite.Catalogue = "x"
			}),
			"suite.catalogue",
		},
		"no version": {
			rewrite(func(r *report.Report) {
				r.Target.Version = ""
			}),
			"server_version",
		},
		"a path": {
			rewrite(func(r *report.Report) {
				r.Results[0].Reason = "in /home/me/x"
			}),
			"found a secret or a path",
		},
		"a key on the page": {
			replace(PageFile, "<main>", "<main>-----BEGIN PRIVATE KEY-----"),
			"found a private key",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := submit(t, content(whole(t)), NewScrubber(Private{}))
			tt.spoil(t, dir)
			_, err := Check(dir, catalogue(t))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("found %v, expected an error with %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "abc123def456") {
				t.Errorf("the message quotes the secret: %v", err)
			}
		})
	}
}

// link replaces a file by a link to another one.
func link(t *testing.T, name string) {
	t.Helper()
	if err := errors.Join(os.Remove(name), os.Symlink("/etc/hostname", name)); err != nil {
		t.Fatal(err)
	}
}

func TestNotesOfPartialRuns(t *testing.T) {
	t.Parallel()
	r := whole(t)
	r.Results[0].Status, r.Results[0].LeftOut = report.Skipped, true
	r.Interrupted, r.Error, r.Stopped = true, "no CA", "--timeout 1s"
	r.Suite.Catalogue = "sha256:" + strings.Repeat("0", 64)
	r.Results = r.Results[:len(r.Results)-2]
	r.Conclude()
	notes, err := Check(submit(t, content(r), NewScrubber(Private{})), catalogue(t))
	if err != nil {
		t.Error(err)
	}
	want := []string{"2 more requirements", "signal", "no CA", "--timeout", "asked to try"}
	if len(notes) != len(want) {
		t.Fatalf("found the notes %q, expected %d", notes, len(want))
	}
	for i, text := range want {
		if !strings.Contains(notes[i], text) {
			t.Errorf("found %q, expected %q in it", notes[i], text)
		}
	}
}

func TestWriteSparesOtherFiles(t *testing.T) {
	t.Parallel()
	files, err := Files(content(whole(t)), new(Scrubber))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ReadmeFile), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, files); err == nil {
		t.Error("found no error for a directory with another README, expected one")
	}
	if text, err := os.ReadFile(filepath.Join(dir, ReadmeFile)); err != nil || string(text) != "mine" {
		t.Errorf("found %q, %v, expected the file as it was", text, err)
	}
	again := submit(t, content(whole(t)), new(Scrubber))
	without := maps.Clone(files)
	delete(without, PageFile)
	if err := Write(again, without); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(again, PageFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("found %v for the page of the earlier submission, expected none", err)
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	r := &report.Report{
		World: "loopback", CA: "stock", Strict: true,
		Selection: &report.Selection{Only: []string{"BYO-*", "x;y"}, Shard: "1/3"},
	}
	want := "assay run --target target.yaml --world loopback --ca stock --strict " +
		"--only 'BYO-*,x;y' --shard 1/3"
	if got := Command(r); got != want {
		t.Errorf("found %s, expected %s", got, want)
	}
}
