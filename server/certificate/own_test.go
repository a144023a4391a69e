package certificate

import (
	"bytes"
	"context"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/fixtures/pki"
	"assay/server/config"
)

// lines is a logger's writer that passes on each message.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- strings.TrimSpace(string(p))
	return len(p), nil
}

// next waits for a line and fails the test if the line does not contain a text.
func (l lines) next(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-l:
		if !strings.Contains(got, want) {
			t.Fatalf("logged %q, want %q", got, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatalf("nothing logged within 5 s, want %q", want)
	}
}

// until waits for a line that contains a text, and ignores other lines before it.
func (l lines) until(t *testing.T, want string) {
	t.Helper()
	timeout := time.After(5 * time.Second)
	for {
		select {
		case got := <-l:
			if strings.Contains(got, want) {
				return
			}
		case <-timeout:
			t.Fatalf("not logged within 5 s: %q", want)
		}
	}
}

func (l lines) none(t *testing.T) {
	t.Helper()
	select {
	case got := <-l:
		t.Fatalf("logged %q, want nothing", got)
	default:
	}
}

func serving(o *Own, pair *pki.Identity) bool {
	return bytes.Equal(o.Current().Certificate[0], pair.Leaf.Raw)
}

func newOwn(t *testing.T, files Files) (*Own, lines) {
	t.Helper()
	logged := make(lines, 16)
	own, err := NewOwn(files, log.New(logged, "", 0))
	if err != nil {
		t.Fatal(err)
	}
	return own, logged
}

func TestReload(t *testing.T) {
	t.Parallel()
	first, second := selfSignedFor(t, "first.test", 0), selfSignedFor(t, "second.test", 0)
	old := selfSignedFor(t, "expired.test", expired)
	incomplete := mint(t, "incomplete.test", pki.Spec{Intermediates: 1})
	for name, test := range map[string]struct {
		cert, key []byte
		serves    *pki.Identity
		logs      string
	}{
		"same pair": {first.ChainPEM(), keyPEM(t, first), first, "certificate unchanged: CN=first.test"},
		"good pair": {
			second.ChainPEM(), keyPEM(t, second), second, "certificate replaced: CN=second.test",
		},
		"another's key": {
			second.ChainPEM(), keyPEM(t, first), first,
			"certificate not replaced, the current one stays in use: tls_key_path: ",
		},
		"empty certificate": {
			nil, keyPEM(t, second), first,
			"certificate not replaced, the current one stays in use: tls_cert_path: ",
		},
		"incomplete chain": {
			pki.PEM(incomplete.Leaf), keyPEM(t, incomplete), first,
			`the intermediate certificate "CN=Assay Intermediate 1`,
		},
		"expired certificate": {
			old.ChainPEM(), keyPEM(t, old), first,
			"the new certificate (CN=expired.test) expired on",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := place(t, first.ChainPEM(), keyPEM(t, first))
			own, logged := newOwn(t, files)
			save(t, files.CertPath, test.cert)
			save(t, files.KeyPath, test.key)
			own.Reload()
			logged.next(t, test.logs)
			logged.none(t)
			if !serving(own, test.serves) {
				t.Errorf("serves %s", own.describe())
			}
		})
	}
}

// TestWatch replaces the pair in each way that tools use.
func TestWatch(t *testing.T) {
	t.Parallel()
	first, second := selfSignedFor(t, "first.test", 0), selfSignedFor(t, "second.test", 0)
	put := func(t *testing.T, dir string, pair *pki.Identity) {
		t.Helper()
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		save(t, filepath.Join(dir, "cert.pem"), pair.ChainPEM())
		save(t, filepath.Join(dir, "key.pem"), keyPEM(t, pair))
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// switchLink points a link elsewhere in one step, as ln -sfn does.
	switchLink := func(t *testing.T, target, link string) {
		t.Helper()
		must(t, os.Symlink(target, link+".new"))
		must(t, os.Rename(link+".new", link))
	}
	for name, test := range map[string]struct {
		live            string // where the configuration points, below the test's directory
		prepare, change func(t *testing.T, dir string)
	}{
		"written in place": {"tls",
			func(t *testing.T, dir string) { put(t, filepath.Join(dir, "tls"), first) },
			func(t *testing.T, dir string) { put(t, filepath.Join(dir, "tls"), second) }},
		"renamed": {"tls",
			func(t *testing.T, dir string) { put(t, filepath.Join(dir, "tls"), first) },
			func(t *testing.T, dir string) {
				put(t, filepath.Join(dir, "new"), second)
				for _, file := range []string{"cert.pem", "key.pem"} {
					must(t, os.Rename(filepath.Join(dir, "new", file), filepath.Join(dir, "tls", file)))
				}
			}},
		"links to files switched, as certbot does": {"live",
			func(t *testing.T, dir string) {
				put(t, filepath.Join(dir, "archive", "1"), first)
				put(t, filepath.Join(dir, "archive", "2"), second)
				must(t, os.Mkdir(filepath.Join(dir, "live"), 0o700))
				for _, file := range []string{"cert.pem", "key.pem"} {
					target := filepath.Join("..", "archive", "1", file)
					must(t, os.Symlink(target, filepath.Join(dir, "live", file)))
				}
			},
			func(t *testing.T, dir string) {
				for _, file := range []string{"cert.pem", "key.pem"} {
					switchLink(t, filepath.Join("..", "archive", "2", file), filepath.Join(dir, "live", file))
				}
			}},
		"link to the directory switched": {"current",
			func(t *testing.T, dir string) {
				put(t, filepath.Join(dir, "1"), first)
				put(t, filepath.Join(dir, "2"), second)
				must(t, os.Symlink("1", filepath.Join(dir, "current")))
			},
			func(t *testing.T, dir string) { switchLink(t, "2", filepath.Join(dir, "current")) }},
		"directory replaced": {"tls",
			func(t *testing.T, dir string) { put(t, filepath.Join(dir, "tls"), first) },
			func(t *testing.T, dir string) {
				put(t, filepath.Join(dir, "new"), second)
				must(t, os.Rename(filepath.Join(dir, "tls"), filepath.Join(dir, "old")))
				must(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "tls")))
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			test.prepare(t, dir)
			live := filepath.Join(dir, test.live)
			own, logged := newOwn(t,
				Files{filepath.Join(live, "cert.pem"), filepath.Join(live, "key.pem"), config.Enforce})
			startWatching(t, own)
			test.change(t, dir)
			logged.until(t, "certificate replaced: CN=second.test")
			if !serving(own, second) {
				t.Errorf("serves %s", own.describe())
			}
		})
	}
}

// startWatching watches until the test ends. A watch begins by reading the files,
// so it also sees changes that were made before it began.
func startWatching(t *testing.T, own *Own) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- own.Watch(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("watch ended with %v", err)
		}
	})
}

func TestWatchKeepsAGoodPairAndRecovers(t *testing.T) {
	t.Parallel()
	first, second := selfSignedFor(t, "first.test", 0), selfSignedFor(t, "second.test", 0)
	files := place(t, first.ChainPEM(), keyPEM(t, first))
	own, logged := newOwn(t, files)
	startWatching(t, own)

	save(t, files.CertPath, second.ChainPEM())
	logged.until(t,
		"certificate not replaced, the current one stays in use: tls_key_path: "+files.KeyPath)
	if !serving(own, first) {
		t.Fatal("a bad pair replaced a good one")
	}
	save(t, files.KeyPath, keyPEM(t, second))
	logged.until(t, "certificate replaced: CN=second.test")
}

func TestExpiredCertificateMayBeReplacedByAnother(t *testing.T) {
	t.Parallel()
	first, second := selfSignedFor(t, "first.test", expired), selfSignedFor(t, "second.test", expired)
	files := place(t, first.ChainPEM(), keyPEM(t, first))
	own, err := NewOwn(files, log.New(io.Discard, "", 0))
	if err != nil {
		t.Fatal(err)
	}
	save(t, files.CertPath, second.ChainPEM())
	save(t, files.KeyPath, keyPEM(t, second))
	own.Reload()
	if !serving(own, second) {
		t.Errorf("serves %s", own.describe())
	}
}
