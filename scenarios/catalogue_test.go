package scenarios

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/acme/autocert"
)

var update = flag.Bool("update", false, "write README.md anew")

func catalogue(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReadmeIsCurrent(t *testing.T) {
	var want bytes.Buffer
	if err := catalogue(t).Markdown(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("README.md", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("README.md is not what the catalogue says; run: go generate ./scenarios")
	}
}

func TestEveryChapterHasItsFile(t *testing.T) {
	t.Parallel()
	if got, want := len(catalogue(t).Chapters), len(chapters); got != want {
		t.Errorf("%d chapters, want %d", got, want)
	}
}

// The rows about refused server names hold autocert's exact texts: the
// library itself is asked.
func TestAutocertTextsAreTheLibrarys(t *testing.T) {
	t.Parallel()
	const hostname = "host.assay.test"
	manager := autocert.Manager{HostPolicy: autocert.HostWhitelist(hostname)}
	r, _, ok := catalogue(t).Find("AUTOCERT-01")
	if !ok || len(r.Cases) == 0 {
		t.Fatal("AUTOCERT-01 has no rows")
	}
	for _, c := range r.Cases {
		var row struct {
			SNI, Text string
			ALPN      []string
		}
		if err := c.Decode(&row); err != nil {
			t.Error(err)
		}
		fill := func(text string) string { return strings.ReplaceAll(text, "{hostname}", hostname) }
		hello := &tls.ClientHelloInfo{ServerName: fill(row.SNI), SupportedProtos: row.ALPN}
		_, err := manager.GetCertificate(hello)
		if err == nil || err.Error() != fill(row.Text) {
			t.Errorf("%s/%s: autocert says %v, the row says %s", r.ID, c.Name, err, fill(row.Text))
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	c := catalogue(t)
	for name, want := range map[string]bool{
		"BYO-02": true, "BYO-02/dot-dot": true, "BYO-02/": false, "BYO-02/none": false,
		"BYO": false, "BYO-99": false, "": false, "byo-02": false,
	} {
		r, row, ok := c.Find(name)
		if ok != want || c.Knows(name) != want {
			t.Errorf("%q: found %v, want %v", name, ok, want)
		}
		if got := strings.TrimSuffix(r.ID+"/"+row.Name, "/"); ok && got != name {
			t.Errorf("%q: found %s", name, got)
		}
	}
}

func TestGlobs(t *testing.T) {
	t.Parallel()
	c := catalogue(t)
	r, _, _ := c.Find("BYO-02")
	for _, row := range []struct {
		glob, caseName string
		want           bool
	}{
		{"BYO-02", "dot-dot", true},
		{"BYO-*", "dot-dot", true},
		{"BYO-02/dot-dot", "dot-dot", true},
		{"BYO-02/dot-dot", "spaces", false},
		{"BYO-*/dot-*", "dot-dot", true},
		{"*/dot-dot", "dot-dot", true},
		{"*", "dot-dot", true},
		{"BYO-0[1-3]", "dot-dot", true},
		{"HTTP01-*", "dot-dot", false},
		{"BYO-0", "dot-dot", false},
		{"BYO-02", "", true},
		{"BYO-02/dot-dot", "", false},
		{"BYO-[", "dot-dot", false},
	} {
		if got := r.Matches(row.glob, row.caseName); got != row.want {
			t.Errorf("%q selects BYO-02/%s: %v, want %v", row.glob, row.caseName, got, row.want)
		}
	}
	for glob, want := range map[string]bool{
		"RES-*": true, "RES-01/order": true, "*/dot-dot": true,
		"RES-01/nothing": false, "X-*": false, "[": false,
	} {
		if got := c.Matches(glob); got != want {
			t.Errorf("%q matches something: %v, want %v", glob, got, want)
		}
	}
}

func TestClaimed(t *testing.T) {
	t.Parallel()
	r := Requirement{
		Chapter: "renewal",
		Needs:   []Need{{Chapter: "acme"}, {ID: "ACME-01"}, {Chapter: "autocert"}},
	}
	for _, row := range []struct {
		profiles string
		want     bool
	}{
		{"renewal acme autocert", true},
		{"byo autocert renewal acme", true},
		{"renewal acme", false},
		{"acme autocert", false},
		{"", false},
	} {
		if got := Claimed(r, strings.Fields(row.profiles)); got != row.want {
			t.Errorf("%q claims it: %v, want %v", row.profiles, got, row.want)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	second := strings.Replace(entry, "BYO-01", "BYO-12", 1) + "  cases: [{case: a}, {case: b}]\n"
	c, err := load1(entry + second)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := c.Table(&got); err != nil {
		t.Fatal(err)
	}
	want := "byo: a certificate and key of the operator's own\n" +
		"  BYO-01  MUST           a title\n" +
		"  BYO-12  MUST  2 cases  a title\n"
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", &got, want)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	c := catalogue(t)
	var text bytes.Buffer
	if err := c.JSON(&text); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Digest   string
		Chapters []struct {
			Name         string
			Requirements []struct {
				ID    string
				Needs []string
				Cases []map[string]any
			}
		}
	}
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Digest != c.Digest() || len(got.Chapters) != len(c.Chapters) {
		t.Errorf("digest %s and %d chapters", got.Digest, len(got.Chapters))
	}
	for _, chapter := range got.Chapters {
		for _, r := range chapter.Requirements {
			if r.ID != "RENEW-02" {
				continue
			}
			if !slices.Equal(r.Needs, []string{"acme", "autocert"}) || r.Cases[0]["case"] != "29-days" {
				t.Errorf("found %+v, expected the needs acme and autocert, and the case 29-days first", r)
			}
		}
	}
}
