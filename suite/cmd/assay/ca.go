package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"assay/pebble"
)

// caCommand runs a CA by hand, with nothing else around it.
type caCommand struct {
	Listen   string            `default:"127.0.0.1:14000" placeholder:"IP:PORT" help:"Where the ACME endpoint listens."`
	DNS      string            `name:"dns" default:"127.0.0.1:8053" placeholder:"IP:PORT" help:"Where the CA's own DNS answers."`
	Host     map[string]string `placeholder:"NAME=IP" help:"A name, and the address at which the CA finds its server."`
	HTTPPort int               `default:"5002" placeholder:"PORT" help:"Port of that address to which the CA sends http-01."`
	TLSPort  int               `default:"5001" placeholder:"PORT" help:"Port of that address to which the CA sends tls-alpn-01."`
	Dir      string            `default:"assay-ca" type:"path" placeholder:"DIR" help:"Where the roots are written."`
	Stock    bool              `help:"Pebble as it comes."`
}

func (c *caCommand) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return fmt.Errorf("not yet: %v %v %v", ctx, pebble.Stock, filepath.Join(c.Dir, strings.Join(nil, "")))
}
