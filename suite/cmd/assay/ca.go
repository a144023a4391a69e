package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"assay/pebble"
)

// caCommand runs a CA with nothing else around it, for a person who wants to
// try a server by hand.
type caCommand struct {
	Address  string `default:"127.0.0.1" placeholder:"IP" help:"Where everything the CA opens listens (default: 127.0.0.1)."`
	ACMEPort int    `name:"acme-port" default:"14000" placeholder:"PORT" help:"Port of the ACME endpoint."`
	DNSPort  int    `name:"dns-port" default:"8053" placeholder:"PORT" help:"Port of the CA's DNS: every name leads to the address above."`
	HTTP     string `name:"http" placeholder:"IP:PORT" help:"Where your server answers http-01 (default: port 80 of the address)."`
	TLS      string `name:"tls" placeholder:"IP:PORT" help:"Where your server answers tls-alpn-01 (default: port 443 of the address)."`
	Dir      string `default:"assay-ca" type:"path" placeholder:"DIR" help:"Where the roots are written (default: assay-ca)."`
	Stock    bool   `help:"Pebble as it comes: no Location on finalize, no held polls."`
}

func (c *caCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	options, err := pebble.Addresses{Address: c.Address, ACMEPort: c.ACMEPort, DNSPort: c.DNSPort, HTTP: c.HTTP, TLS: c.TLS}.Listen(ctx)
	if err != nil {
		return err
	}
	if c.Stock {
		options.Dialect = pebble.Stock
	}
	dns := options.Resolver
	ca, err := pebble.Start(options)
	if err != nil {
		return err
	}
	defer ca.Close()
	endpoint, root := filepath.Join(c.Dir, "endpoint-root.pem"), filepath.Join(c.Dir, "root.pem")
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(endpoint, ca.EndpointRoot(), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(root, ca.RootPEM(), 0o644); err != nil {
		return err
	}
	fmt.Printf(`The CA runs until it is interrupted. For your server:
  directory URL    %s   (acme_url)
  environment      SSL_CERT_FILE=%s
For your clients:
  root             %s   (curl --cacert, openssl -CAfile)
The CA's view:
  DNS              %s   (every name leads to %s)
What happens at the CA:
`, ca.DirectoryURL(), endpoint, root, dns, c.Address)
	follow(ctx, ca.Journal())
	return nil
}

// follow prints the journal as it grows, until the context ends.
func follow(ctx context.Context, journal *pebble.Journal) {
	// The journal bounds a wait that has no deadline of its own; nothing
	// happening is no reason to stop here.
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
