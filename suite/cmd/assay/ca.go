package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"assay/pebble"
	"assay/pebble/dnsapi"
	"assay/pebble/faults"
	"assay/suite/internal/live"
	"assay/suite/internal/selection"
)

// caCommand runs the CA without the suite, to try a server by hand.
type caCommand struct {
	Address  string          `default:"127.0.0.1" placeholder:"IP" help:"Address of all listeners of the CA (default: 127.0.0.1)."`
	ACMEPort int             `name:"acme-port" default:"14000" placeholder:"PORT" help:"Port of the ACME endpoint."`
	DNSPort  int             `name:"dns-port" default:"8053" placeholder:"PORT" help:"Port of the CA's DNS, which resolves every name to --address."`
	DNSAPI   string          `name:"dns-api" placeholder:"IP:PORT" help:"Address of an HTTP server that sets records of the CA's DNS, for dns-01 and wildcards, as challtestsrv does."`
	HTTP     string          `name:"http" placeholder:"IP:PORT" help:"Address at which your server answers http-01 (default: port 80 of --address)."`
	TLS      string          `name:"tls" placeholder:"IP:PORT" help:"Address at which your server answers tls-alpn-01 (default: port 443 of --address)."`
	CA       string          `name:"ca" default:"${ca}" placeholder:"PRESET" help:"The CA that this one stands in for: ${cas}."`
	Lifetime live.Span       `placeholder:"TIME" help:"Lifetime of the certificates, such as 45d (default: that of --ca)."`
	EAB      externalAccount `name:"eab" placeholder:"KID:KEY" help:"Require an external account binding with this key ID and this key, in base64url."`
	Dir      string          `default:"assay-ca" type:"path" placeholder:"DIR" help:"Directory for the root certificates (default: assay-ca)."`
	State    string          `type:"path" placeholder:"DIR" help:"Directory in which the CA keeps its roots, with their keys, and its accounts: those who trust the roots still do after a restart, and clients have their accounts."`
	Fault    []pebbleFault   `sep:"none" placeholder:"KIND=FAULT" help:"Something that goes wrong at the CA, such as newOrder=429:3h+ or finalize=500@2. May be repeated. CONTRACTS.md lists the faults."`
	Stock    bool            `help:"Use Pebble without changes: no Location on finalize, no held polls."`
}

// A pebbleFault is a fault that the user writes as KIND=FAULT.
type pebbleFault struct{ pebble.Fault }

// UnmarshalText reads a fault, see [faults.Parse].
func (f *pebbleFault) UnmarshalText(text []byte) (err error) {
	f.Fault, err = faults.Parse(string(text))
	return err
}

// An externalAccount is an account that the user gives as KID:KEY.
type externalAccount struct{ *pebble.ExternalAccount }

// UnmarshalText reads KID:KEY.
func (a *externalAccount) UnmarshalText(text []byte) error {
	kid, encoded, _ := strings.Cut(string(text), ":")
	key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if kid == "" || len(key) < sha256.Size || err != nil { // RFC 7518 §3.2
		return errors.New("expected a key ID, a colon, and a key of at least 32 bytes in base64url")
	}
	a.ExternalAccount = &pebble.ExternalAccount{KeyID: kid, Key: key}
	return nil
}

func (c *caCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	preset, err := selection.CA(c.CA)
	if err != nil {
		return err
	}
	unlock, err := c.claim()
	if err != nil {
		return err
	}
	defer unlock()
	addresses := pebble.Addresses{
		Address: c.Address, ACMEPort: c.ACMEPort, DNSPort: c.DNSPort,
		HTTP: c.at(c.HTTP), TLS: c.at(c.TLS),
	}
	options, err := addresses.Listen(ctx)
	if err != nil {
		return err
	}
	options.Dialect = preset.Dialect()
	if c.Stock {
		options.Dialect = pebble.Stock
	}
	options.EndpointNames = []string{c.Address, "localhost"}
	options.Validity, options.ExternalAccount = time.Duration(c.Lifetime), c.EAB.ExternalAccount
	preset.Complete(&options)
	if c.State != "" {
		if err := os.MkdirAll(c.State, 0o700); err != nil {
			return fmt.Errorf("--state: %w", err)
		}
		options.State = c.State
	}
	if len(c.Fault) > 0 && options.Dialect == pebble.Stock {
		return errors.New("--fault: expected no --stock, which leaves out what injects faults")
	}
	dns := options.Resolver
	ca, err := pebble.Start(options)
	if err != nil {
		return err
	}
	defer ca.Close()
	for _, f := range c.Fault {
		ca.Inject(f.Fault)
	}
	var api *http.Server
	if c.DNSAPI != "" {
		if api, err = serveDNSAPI(c.at(c.DNSAPI), ca.DNS()); err != nil {
			return err
		}
		defer api.Close()
	}
	endpoint, root := filepath.Join(c.Dir, "endpoint-root.pem"), filepath.Join(c.Dir, "root.pem")
	if err := os.WriteFile(endpoint, ca.EndpointRoot(), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(root, ca.RootPEM(), 0o644); err != nil {
		return err
	}
	fmt.Printf(`The CA runs until it is interrupted. For your server:
  directory URL    %[1]s   (acme_url)
  environment      SSL_CERT_FILE=%[2]s
For other servers and clients of ACME:
  Caddy            acme_ca %[1]s
                   acme_ca_root %[2]s
  acme-tiny        SSL_CERT_FILE=%[2]s acme-tiny --directory-url %[1]s
  certbot          REQUESTS_CA_BUNDLE=%[2]s certbot --server %[1]s
  dehydrated       CURL_CA_BUNDLE=%[2]s dehydrated --ca %[1]s
  lego             LEGO_CA_CERTIFICATES=%[2]s lego --server %[1]s
  acme.sh          acme.sh --server %[1]s --ca-bundle %[2]s
  mod_md           MDCertificateAuthority %[1]s
                   MDCACertificateFile %[2]s
  uacme            uacme --acme-url %[1]s
                   (it trusts what the system trusts: add the file above to it)
For your clients:
  root             %[3]s   (curl --cacert, openssl -CAfile)
                   %[6]s/roots/0, /intermediates/0
The CA's DNS:
  address          %[4]s   (resolves every name to %[5]s)
`, ca.DirectoryURL(), endpoint, root, dns, c.Address, strings.TrimSuffix(ca.DirectoryURL(), "/dir"))
	if api != nil {
		const body = `{"host":"_acme-challenge.NAME","value":"TEXT"}`
		fmt.Printf("  records          curl -d '%s' http://%s/set-txt\n", body, api.Addr)
	}
	fmt.Println("Events at the CA:")
	follow(ctx, ca.Journal())
	return nil
}

// at returns an address; one without a host is at that of the CA.
func (c *caCommand) at(address string) string {
	if port, found := strings.CutPrefix(address, ":"); found {
		return net.JoinHostPort(c.Address, port)
	}
	return address
}

// claim makes the directory, and locks it: the roots of another CA would be replaced by
// those of this one, and its clients would trust the wrong roots.
func (c *caCommand) claim() (unlock func(), err error) {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, err
	}
	dir, err := os.Open(c.Dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		dir.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("--dir: another CA uses %s, expected a directory of its own", c.Dir)
		}
		return nil, fmt.Errorf("--dir: lock %s: %w", c.Dir, err)
	}
	return func() { dir.Close() }, nil
}

// serveDNSAPI serves the records of a DNS server over HTTP.
func serveDNSAPI(address string, records *pebble.DNS) (*http.Server, error) {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return nil, fmt.Errorf("--dns-api: found %q, expected IP:PORT or :PORT", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--dns-api: %w", err)
	}
	server := &http.Server{
		Addr: listener.Addr().String(), Handler: dnsapi.Handler(records),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go server.Serve(listener)
	return server, nil
}

// follow prints the journal as it grows, until the context ends.
func follow(ctx context.Context, journal *pebble.Journal) {
	// Wait returns after some time even if nothing happens, so it is called again.
	seen := 0
	for ctx.Err() == nil {
		journal.Wait(ctx, "something to happen", func(j *pebble.Journal) bool {
			entries := j.Entries()
			for _, entry := range entries[seen:] {
				fmt.Println(" ", entry)
			}
			seen = len(entries)
			return false
		})
	}
}
