package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"assay/server/config"
	"assay/server/internal/logline"
	"assay/server/serve"
)

// serveFile serves what a configuration file says, until a signal stops the
// process. It reports every mistake that can be found without the network before
// it opens the first port.
func serveFile(file string, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)

	logger := log.New(logline.NewWriter(stderr), "", log.LstdFlags)
	cfg, err := config.Load(file)
	if err != nil {
		return errors.Join(err, pairProblems(cfg))
	}
	for _, warning := range cfg.Warnings() {
		logger.Printf("warning: %s", warning)
	}
	site, err := newSite(cfg, logger)
	if err != nil {
		return err
	}
	servers, err := serve.Listen(logger, site.endpoints...)
	if err != nil {
		return err
	}
	go site.watch(ctx)
	go func() {
		for range hangups {
			site.reload()
		}
	}()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	return servers.Run(ctx)
}
