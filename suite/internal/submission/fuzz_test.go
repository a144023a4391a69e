package submission

import (
	"bytes"
	"strings"
	"testing"

	"assay/suite/report/reporttest"
)

// FuzzScrub checks that what a machine has that must not be sent does not survive, and
// that a second pass changes nothing.
func FuzzScrub(f *testing.F) {
	for _, text := range []string{
		"", "at /home/ada/site/x", "https://user:pa55word@host/",
		"Authorization: Bearer abcdefghijklmnop",
		"token=abcdef123456", "ghp_0123456789abcdefghij", "../../home/x", "build-17",
		"build-17.example.test:80",
		"/tmp/assay-1/12-3/x.y", "/srv/ada/private", "/srv/ada/privateer", "\u202e", "a//home//b",
		"file:///home/ada/x",
		"-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAAAAAAAAAAAAAA\n-----END PRIVATE KEY-----\n",
	} {
		f.Add(text, text)
		f.Add(text, " ")
	}
	const secret = "q7Zk-3vN_plainly-unguessable"
	s := NewScrubber(Private{Host: "build-17.example.test", Dirs: []string{"/srv/ada/private"},
		Secrets: []string{secret}})
	f.Fuzz(func(t *testing.T, before, after string) {
		if len(before)+len(after) > 8<<10 {
			return
		}
		text := before + " " + secret + " /srv/ada/private/key.pem on build-17. " + after
		got := s.Text(text)
		if strings.Contains(got, secret) {
			t.Errorf("%q became %q, which holds the secret", text, got)
		}
		if strings.Contains(got, " /srv/ada/private/key.pem") || strings.Contains(got, " build-17. ") {
			t.Errorf("%q became %q, which says whose machine it was", text, got)
		}
		if again := s.Text(got); again != got {
			t.Errorf("%q\n once %q\ntwice %q", text, got, again)
		}
	})
}

// FuzzFiles checks that a submission is Markdown and a page that hold no more than text,
// whatever the texts of the report are.
func FuzzFiles(f *testing.F) {
	for i, text := range reporttest.Texts {
		f.Add(text, uint8(i))
	}
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		if len(text) > 2<<10 {
			return
		}
		r := reporttest.Filled(text, int(n%2))
		files, err := Files(Content{
			Report: r, Target: []byte(text), ServerVersion: text, Assay: "v0", Page: n&2 != 0,
		}, NewScrubber(Private{}))
		if err != nil {
			return // such as two requirements that become one
		}
		if err := reporttest.CheckMarkdown(string(files[ReadmeFile])); err != nil {
			t.Errorf("%q: %v in\n%s", text, err, files[ReadmeFile])
		}
		if page := files[PageFile]; page != nil {
			if err := reporttest.CheckPage(string(page)); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
		if again, err := Files(Content{
			Report: r, Target: []byte(text), ServerVersion: text, Assay: "v0",
		}, NewScrubber(Private{})); err != nil || !bytes.Equal(again[ReportFile], files[ReportFile]) {
			t.Errorf("%q: two submissions differ (%v)", text, err)
		}
	})
}
