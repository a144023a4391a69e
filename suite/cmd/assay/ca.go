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

// caCommand runs the CA without the suite, to try a server by hand.
type caCommand struct {
	Address  string `default:"127.0.0.1" placeholder:"IP" help:"Address of all listeners of the CA (default: 127.0.0.1)."`
	ACMEPort int    `name:"acme-port" default:"14000" placeholder:"PORT" help:"Port of the ACME endpoint."`
	DNSPort  int    `name:"dns-port" default:"8053" placeholder:"PORT" help:"Port of the CA's DNS, which resolves every name to --address."`
	HTTP     string `name:"http" placeholder:"IP:PORT" help:"Address at which your server answers http-01 (default: port 80 of --address)."`
	TLS      string `name:"tls" placeholder:"IP:PORT" help:"Address at which your server answers tls-alpn-01 (default: port 443 of --address)."`
	Dir      string `default:"assay-ca" type:"path" placeholder:"DIR" help:"Directory for the root certificates (default: assay-ca)."`
	Stock    bool   `help:"Use Pebble without changes: no Location on finalize, no held polls."`
}

func (c *caCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	addresses := pebble.Addresses{
		Address: c.Address, ACMEPort: c.ACMEPort, DNSPort: c.DNSPort, HTTP: c.HTTP, TLS: c.TLS,
	}
	options, err := addresses.Listen(ctx)
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
The CA's DNS:
  address          %s   (resolves every name to %s)
Events at the CA:
`, ca.DirectoryURL(), endpoint, root, dns, c.Address)
	follow(ctx, ca.Journal())
	return nil
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
