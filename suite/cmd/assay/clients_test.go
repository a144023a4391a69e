package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// An acmeClient is a client of ACME that obtains a certificate and renews it. Its commands
// run in a shell, in a directory of their own, with these variables:
//
//	$SETTINGS   what "assay ca" prints for the client
//	$DIRECTORY  the URL of the CA's directory
//	$ROOT       the file with the root of the CA's endpoint
//	$DNS_API    the URL of the CA's DNS
//	$WEB        the directory whose files answer http-01
//	$ANSWERS    "host:port" for a server that answers itself
//	$PORT       the port of that
type acmeClient struct {
	name     string
	settings string   // the line that "assay ca" prints for it; the name if empty
	programs []string // that have to be installed
	module   string   // likewise, a file
	files    map[string]string
	obtain   string
	renew    string
	serves   string // a server that obtains and renews in one go, instead of the two
	leaf     string // the file with the certificate
	wildcard bool   // whether it has one for all names below the domain
	short    bool   // whether it renews only what is about to expire
	system   bool   // whether it trusts the roots of the system alone
}

const acmeDomain = "a.example.test"

const (
	systemRoots = "/etc/ssl/certs/ca-certificates.crt"
	noMount     = 99 // the exit code of a script that could not cover this file
)

var acmeClients = []acmeClient{
	{
		name: "certbot", programs: []string{"certbot"},
		obtain: `eval "$SETTINGS" certonly --webroot -w $WEB -d a.example.test --agree-tos \
			--register-unsafely-without-email -n --config-dir . --work-dir w --logs-dir l`,
		renew: `eval "$SETTINGS" renew --force-renewal -n --no-random-sleep-on-renew \
			--config-dir . --work-dir w --logs-dir l`,
		leaf: "live/a.example.test/cert.pem",
	},
	{
		name: "certbot-dns-01", settings: "certbot", programs: []string{"certbot", "curl"},
		files: map[string]string{
			"set": `#!/bin/sh
				exec curl -fsS -d "{\"host\":\"_acme-challenge.$CERTBOT_DOMAIN\",` +
				`\"value\":\"$CERTBOT_VALIDATION\"}" $DNS_API/set-txt`,
			"clear": `#!/bin/sh
				exec curl -fsS -d "{\"host\":\"_acme-challenge.$CERTBOT_DOMAIN\"}" $DNS_API/clear-txt`,
		},
		obtain: `eval "$SETTINGS" certonly --manual --preferred-challenges dns \
			--manual-auth-hook ./set --manual-cleanup-hook ./clear -d "'*.a.example.test'" \
			--cert-name a --agree-tos --register-unsafely-without-email -n \
			--config-dir . --work-dir w --logs-dir l`,
		renew: `eval "$SETTINGS" renew --force-renewal -n --no-random-sleep-on-renew \
			--config-dir . --work-dir w --logs-dir l`,
		leaf: "live/a/cert.pem", wildcard: true,
	},
	{
		name: "dehydrated", programs: []string{"dehydrated", "curl", "openssl"},
		files: map[string]string{
			"config": "BASEDIR=$PWD\nWELLKNOWN=$WEB/.well-known/acme-challenge\n" +
				"ACCOUNT_KEYSIZE=2048\nKEYSIZE=2048\n",
			"hook": `#!/bin/sh
				case $1 in
				deploy_challenge) set -- set-txt "$2" "$4" ;;
				clean_challenge) set -- clear-txt "$2" "$4" ;;
				*) exit 0 ;;
				esac
				exec curl -fsS -d "{\"host\":\"_acme-challenge.$2\",\"value\":\"$3\"}" $DNS_API/$1`,
		},
		obtain: `eval "$SETTINGS" --config config --register --accept-terms &&
			eval "$SETTINGS" --config config --cron --domain a.example.test`,
		renew: `eval "$SETTINGS" --config config --cron --domain a.example.test --force \
			--challenge dns-01 --hook ./hook`,
		leaf: "certs/a.example.test/cert.pem",
	},
	{
		name: "uacme", programs: []string{"uacme", "unshare"}, system: true,
		files: map[string]string{"hook": `#!/bin/sh
			[ "$2" = http-01 ] || exit 1
			file=$WEB/.well-known/acme-challenge/$4
			if [ "$1" = begin ]; then printf %s "$5" >$file; else rm $file; fi`},
		obtain: `eval "$SETTINGS" --confdir . --yes new &&
			eval "$SETTINGS" --confdir . --hook ./hook issue a.example.test`,
		renew: `eval "$SETTINGS" --confdir . --hook ./hook --force issue a.example.test`,
		leaf:  "a.example.test/cert.pem",
	},
	{
		name: "lego", programs: []string{"lego"},
		obtain: `eval "$SETTINGS" --path . --accept-tos --email a@example.test \
			--domains a.example.test --http --http.webroot $WEB run`,
		renew: `eval "$SETTINGS" --path . --email a@example.test --domains a.example.test \
			--http --http.webroot $WEB renew --days 1000 --no-random-sleep`,
		leaf: "certificates/a.example.test.crt",
	},
	{
		name: "acme-tiny", programs: []string{"acme-tiny", "openssl"},
		obtain: `openssl genrsa -out account.key 2048 && openssl req -new -newkey rsa:2048 -nodes \
			-keyout key -out csr -subj /CN=a.example.test -addext subjectAltName=DNS:a.example.test &&
			eval "$SETTINGS" --account-key account.key --csr csr --disable-check \
			--acme-dir $WEB/.well-known/acme-challenge >cert && mv cert cert.pem`,
		renew: `eval "$SETTINGS" --account-key account.key --csr csr --disable-check \
			--acme-dir $WEB/.well-known/acme-challenge >cert && mv cert cert.pem`,
		leaf: "cert.pem",
	},
	{
		name: "mod_md", programs: []string{"apache2"},
		module: "/usr/lib/apache2/modules/mod_md.so", short: true,
		files: map[string]string{"apache.conf": `ServerRoot $PWD
			LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
			LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
			LoadModule md_module /usr/lib/apache2/modules/mod_md.so
			PidFile pid
			DefaultRuntimeDir .
			ErrorLog /dev/stderr
			User nobody
			Group nogroup
			Listen $ANSWERS
			MDomain a.example.test
			MDPortMap http:$PORT https:-
			MDCertificateAgreement accepted
			MDContactEmail a@example.test
			$SETTINGS
			<VirtualHost *:443>
				ServerName a.example.test
				SSLEngine on
			</VirtualHost>
		`},
		serves: `exec apache2 -DFOREGROUND -f $PWD/apache.conf`,
		leaf:   "md/staging/a.example.test/pubcert.pem",
	},
	{
		name: "Caddy", programs: []string{"caddy"}, short: true,
		files: map[string]string{"Caddyfile": `{
			admin off
			auto_https disable_redirects
			storage file_system $PWD
			http_port $PORT
			$SETTINGS
		}
		https://a.example.test:0 {
			bind 127.0.0.1
			tls {
				issuer acme {
					disable_tlsalpn_challenge
				}
			}
		}`},
		serves: `exec caddy run --adapter caddyfile --config Caddyfile`,
		leaf:   "certificates/*/a.example.test/a.example.test.crt",
	},
	{
		name: "certmagic", settings: "environment", short: true,
		files: map[string]string{"config.json": `{
			"listen_addr": "$ANSWERS", "tls_letsencrypt_hostname": "a.example.test",
			"tls_letsencrypt_challenge_type": "TLS-ALPN-01", "acme_url": "$DIRECTORY"
		}`},
		serves: `export $SETTINGS; exec ./server -on-demand -config config.json`,
		leaf:   ".cache/certificates/*/a.example.test/a.example.test.crt",
	},
}

// TestClients obtains certificates from "assay ca" and renews them after the CA was started
// again, as users of ACME clients do, with the settings that the CA prints. The clients keep
// their accounts.
func TestClients(t *testing.T) {
	t.Parallel()
	for _, client := range acmeClients {
		t.Run(client.name, func(t *testing.T) {
			t.Parallel()
			for _, program := range client.programs {
				if _, err := exec.LookPath(program); err != nil {
					t.Skip(err)
				}
			}
			if _, err := os.Stat(client.module); client.module != "" && err != nil {
				t.Skip(err)
			}
			obtainAndRenew(t, client)
		})
	}
}

func obtainAndRenew(t *testing.T, client acmeClient) {
	home := newHome(t, client)
	flags := []string{"--dns-api", ":0", "--state", filepath.Join(home.dir, "state"),
		"--http", home.env["ANSWERS"], "--tls", home.env["ANSWERS"]}
	if client.short {
		flags = append(flags, "--lifetime", "5s")
	}
	text, stop := launchCA(t, home.dir, flags...)
	home.read(t, client, text)
	first := home.obtain(t, client, client.obtain, nil)
	name := acmeDomain
	if client.wildcard {
		name = "b." + acmeDomain
	}
	if err := first.VerifyHostname(name); err != nil {
		t.Error(err)
	}
	stop()
	if client.short {
		due := time.NewTimer(time.Until(first.NotAfter))
		defer due.Stop()
		<-due.C
	}
	_, port, err := net.SplitHostPort(strings.Split(home.env["DIRECTORY"], "/")[2])
	if err != nil {
		t.Fatal(err)
	}
	text, stop = launchCA(t, home.dir, append(flags, "--acme-port", port)...)
	home.env["DNS_API"] = found(t, text, `(http://\S+)/set-txt`)
	home.obtain(t, client, client.renew, first)
	if all := stop(); regexp.MustCompile(`newAccount 201`).MatchString(all) {
		t.Errorf("the client has another account after the restart:\n%s", all)
	}
}

// A clientHome is the directory of a client, with the environment of its commands.
type clientHome struct {
	dir string
	env map[string]string
}

// newHome makes the directory. A client that only writes answers to files gets a server for
// them.
func newHome(t *testing.T, client acmeClient) *clientHome {
	t.Helper()
	dir, err := os.MkdirTemp("", "assay-client-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	web := filepath.Join(dir, "web")
	err = os.MkdirAll(filepath.Join(web, ".well-known", "acme-challenge"), 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // Apache has an ID of its own
		t.Fatal(err)
	}
	answers := httptest.NewServer(http.FileServer(http.Dir(web)))
	t.Cleanup(answers.Close)
	if client.serves != "" {
		answers.Close() // the client listens there
	}
	if client.name == "certmagic" {
		module := filepath.Join("..", "..", "..", "fixtures", "variants", "certmagic")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "server"), ".")
		build.Dir = module
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
	}
	address := answers.Listener.Addr().(*net.TCPAddr)
	return &clientHome{dir, map[string]string{
		"WEB": web, "ANSWERS": address.String(), "PORT": strconv.Itoa(address.Port), "PWD": dir,
	}}
}

// read takes the settings from what the CA has printed, and writes the client's files.
func (h *clientHome) read(t *testing.T, client acmeClient, text string) {
	t.Helper()
	settings := client.settings
	if settings == "" {
		settings = client.name
	}
	h.env["SETTINGS"] = found(t, text, `(?m)^  `+settings+` +(.+(?:\n {15}.*)*)`)
	h.env["SETTINGS"], _, _ = strings.Cut(h.env["SETTINGS"], "(") // what follows explains
	h.env["SETTINGS"] = strings.TrimSpace(h.env["SETTINGS"])
	h.env["DIRECTORY"] = found(t, text, `directory URL +(https://\S+)`)
	h.env["ROOT"] = filepath.Join(h.dir, "endpoint-root.pem")
	h.env["DNS_API"] = found(t, text, `(http://\S+)/set-txt`)
	for name, content := range client.files {
		if !strings.HasPrefix(content, "#!") {
			content = os.Expand(content, func(name string) string { return h.env[name] })
		}
		writeProgram(t, filepath.Join(h.dir, name), content)
	}
}

// clientAtMost is how long a client may take. One of shell scripts took three minutes on a
// loaded machine.
const clientAtMost = 8 * time.Minute

// obtain lets the client obtain a certificate other than the one that it has.
func (h *clientHome) obtain(
	t *testing.T, client acmeClient, script string, last *x509.Certificate,
) *x509.Certificate {
	t.Helper()
	if client.serves != "" {
		script = client.serves
	}
	ctx, cancel := context.WithTimeout(t.Context(), clientAtMost)
	defer cancel()
	command := exec.CommandContext(ctx, "sh", "-c", script)
	if client.system {
		command = exec.CommandContext(ctx, "unshare", "--map-root-user", "--mount",
			"sh", "-c", fmt.Sprintf("mount --bind $ROOT %s || exit %d\n%s", systemRoots, noMount, script))
	}
	command.Dir, command.Env = h.dir, os.Environ()
	for name, value := range h.env {
		command.Env = append(command.Env, name+"="+value)
	}
	command.WaitDelay = 10 * time.Second // for processes that it leaves
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	if client.serves == "" {
		if err := <-ended; err != nil {
			if client.system && strings.HasPrefix(out.String(), "unshare: ") || // not allowed
				command.ProcessState.ExitCode() == noMount {
				t.Skip(out.String())
			}
			t.Fatalf("%v (after %s at most):\n%s", err, clientAtMost, &out)
		}
		leaf, err := h.leaf(client, last)
		if err != nil {
			t.Fatalf("%v:\n%s", err, &out)
		}
		return leaf
	}
	var leaf *x509.Certificate
	var problem error
	g := NewWithT(t)
	g.Eventually(func() error {
		knock(t, h.env["ANSWERS"])
		leaf, problem = h.leaf(client, last)
		return problem
	}).WithTimeout(time.Minute).WithPolling(50*time.Millisecond).Should(Succeed(), func() string {
		command.Process.Signal(syscall.SIGTERM)
		<-ended
		return fmt.Sprintf("%v:\n%s", problem, &out)
	})
	command.Process.Signal(syscall.SIGTERM)
	<-ended
	return leaf
}

// knock makes a handshake with a server, which may renew its certificate then.
func knock(t *testing.T, address string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{ServerName: acmeDomain, InsecureSkipVerify: true}}
	if conn, err := dialer.DialContext(ctx, "tcp", address); err == nil {
		conn.Close()
	}
}

// leaf returns the certificate, or an error if it is not there or is the last one.
func (h *clientHome) leaf(client acmeClient, last *x509.Certificate) (*x509.Certificate, error) {
	files, err := filepath.Glob(filepath.Join(h.dir, client.leaf))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("found %d files %s", len(files), client.leaf)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM block", files[0])
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err == nil && last != nil && cert.Equal(last) {
		return nil, fmt.Errorf("%s: the same certificate as before", files[0])
	}
	return cert, err
}
