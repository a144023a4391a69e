package sut

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/mod/semver"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// FuzzPrepare checks that what a target file makes Assay write stays below the
// directory of the test.
func FuzzPrepare(f *testing.F) {
	f.Add(smallest + "config: {base: {}}")
	f.Add(smallest + "config: {file: ../up.yaml, base: {}}")
	f.Add(smallest + "config: {file: a/b/c.yaml, template: '{{.Keys.listen_addr}}'}")
	f.Add(smallest + "config: {file: /tmp/x, template: 'a'}\nenv: {A: '{{.Dir}}'}")
	f.Add(smallest + "config: {template: '{{range .Ports}}{{.}}{{end}}'}\nports: [{name: a}]")
	f.Add(example)
	f.Fuzz(func(t *testing.T, text string) {
		target, err := parseTarget("t.yaml", []byte(text), nil)
		if err != nil || strings.Contains(text, "range") && len(text) > 1<<10 {
			return
		}
		above := t.TempDir()
		dir := filepath.Join(above, "test")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		files, err := careful.OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer files.Close()
		target.Command[0] = "/x"
		_, _ = target.Prepare(Input{Dir: dir, Files: files})
		entries, err := os.ReadDir(above)
		if err != nil || len(entries) != 1 {
			t.Errorf("%q: found %v beside the directory of the test (%v)", text, entries, err)
		}
	})
}

// FuzzLog checks that a log keeps the lines of a server as they are, up to the limits,
// in whatever pieces they arrive.
func FuzzLog(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\nthree"), 1)
	f.Add([]byte("\n\n\n"), 2)
	f.Add(bytes.Repeat([]byte("long "), limits.LogLine/5+3), 4096)
	f.Add([]byte("a\r\r\nb\rc\n"), 3)
	f.Add([]byte("{\n  \"a\": \"b c\",\n  \"d\": {}\n}\n{\n}\nend"), 5)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		size = 1 + size&0xffff
		if bytes.Count(text, []byte("\n")) > 10_000 {
			return // the oldest lines would be dropped
		}
		log := newLog(time.Now())
		lines := newSplitter(log, Stdout)
		for piece := range bytes.Lines(text) { // lines, and lines in pieces
			for len(piece) > 0 {
				n := min(size, len(piece))
				if written, err := lines.Write(piece[:n]); written != n || err != nil {
					t.Fatalf("wrote %d of %d bytes: %v", written, n, err)
				}
				piece = piece[n:]
			}
		}
		lines.close()
		var want []string
		for line := range bytes.Lines(text) {
			want = append(want, strings.TrimRight(strings.TrimSuffix(string(line), "\n"), "\r"))
		}
		got := log.Lines()
		if bytes.IndexByte(text, '{') >= 0 { // an object may have become one line
			all := strings.Join(want, "\n")
			if len(all) <= limits.LogLine && squeezed(log.Text()) != squeezed(all) {
				t.Errorf("%q in pieces of %d: found %q", text, size, log.Text())
			}
			return
		}
		if len(got) != len(want) {
			t.Fatalf("%q in pieces of %d: found %d lines, expected %d", text, size, len(got), len(want))
		}
		for i, line := range got {
			if len(want[i]) <= limits.LogLine && line.Text != want[i] ||
				!strings.HasPrefix(line.Text, want[i][:min(len(want[i]), limits.LogLine)]) ||
				len(line.Text) > limits.LogLine+64 {
				t.Errorf("%q in pieces of %d: line %d is %q", text, size, i, line.Text)
			}
		}
	})
}

// squeezed returns a text without what JSON has between its tokens.
func squeezed(text string) string {
	return strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(text)
}

// FuzzVersions checks that the version in a text is one that can be compared, and that
// the parts of a text that are no version are not taken for one.
func FuzzVersions(f *testing.F) {
	for _, text := range []string{
		"headscale version v0.29.2 (linux)", "nginx/1.26.3", "1.2", "v1.2.3-rc.1+build", "10.0.0.1",
		"1.2.3.4.5",
		"go1.26.8", "01.02.03", "1..2", "v", "999999999999999999999.1.1", "1.0-", "1.0-a..b",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v := SemanticVersion(text)
		if v == "" {
			return
		}
		major, _, _ := strings.Cut(strings.TrimPrefix(v, "v"), ".")
		if !semver.IsValid(v) || semver.Canonical(v) != v || !strings.Contains(text, major+".") {
			t.Errorf("%q: found the version %q", text, v)
		}
	})
}

// FuzzExecutable checks that the build information of whatever a user calls an
// executable yields a version or nothing.
func FuzzExecutable(f *testing.F) {
	// The head of an executable of Go with the section that holds its build
	// information would be megabytes: the section alone is what can be told.
	f.Add([]byte("\xff Go buildinf:\x08\x02"+strings.Repeat("\x00", 16)), "v0.58.0")
	f.Add([]byte("\x7fELF\x02\x01\x01"), "v0.0.0-20260101000000-abcdefabcdef")
	f.Add([]byte("#!/bin/sh\nexit 0\n"), "(devel)")
	f.Add([]byte("MZ\x90\x00"), "v1")
	f.Add(tinyELF(), "v0.58.0")
	f.Fuzz(func(t *testing.T, content []byte, version string) {
		path := filepath.Join(t.TempDir(), "server")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if v := AutocertVersion(path); v != "" && !semver.IsValid(v) {
			t.Errorf("found the version %q", v)
		}
		info := &debug.BuildInfo{Deps: []*debug.Module{
			{Path: "golang.org/x/crypto", Version: "v0.1.0", Replace: &debug.Module{Version: version}},
		}}
		if v := autocertVersion(info); v != "" && (v != version || strings.IndexFunc(v,
			unicode.IsControl) >= 0) {
			t.Errorf("replaced by %q: found %q", version, v)
		}
	})
}

// tinyELF returns the beginning of the test's own executable, if it is an ELF file.
func tinyELF() []byte {
	path, err := os.Executable()
	if err != nil || runtime.GOOS != "linux" {
		return nil
	}
	if _, err := buildinfo.ReadFile(path); err != nil {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	head := make([]byte, 4<<10)
	n, _ := file.Read(head)
	return head[:n]
}

// FuzzAddress checks that an address that is accepted has a port, and fits a listener
// at that address.
func FuzzAddress(f *testing.F) {
	for _, text := range []string{
		"127.0.0.1:8443", ":443", "[::1]:8443", ":http", "0.0.0.0:80", "[::]:1", "host:443",
		"1.2.3.4", ":0", ":65536",
		"[::ffff:1.2.3.4]:1", "[fe80::1%lo]:1", ":https\x00",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseAddress(text)
		if err != nil {
			return
		}
		if a.port == 0 || a.any {
			t.Errorf("%q became %+v", text, a)
		}
		if host, port := splitAddress(text); port == "" || a.ip.IsValid() && host == "" {
			t.Errorf("%q became %+v, and is split into %q and %q", text, a, host, port)
		}
	})
}
