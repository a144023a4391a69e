package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"assay/server/acme"
	"assay/server/certificate"
	"assay/server/config"
	"assay/server/serve"
)

type serveCommand struct {
	Config string `required:"" placeholder:"FILE" help:"The configuration file. Relative paths in it count from its directory."`
}

// Run serves until it is told to stop. Everything that can be known to be wrong is found before the first port is
// opened.
func (c serveCommand) Run(out output) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)

	logger := log.New(out.stderr, "", log.LstdFlags)
	cfg, err := config.Load(c.Config)
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

// site is what a configuration amounts to.
type site struct {
	endpoints []serve.Endpoint
	watch     func(context.Context) // until the context ends
	reload    func()
}

// newSite decides by the mode what is served where.
func newSite(cfg *config.Config, logger *log.Logger) (*site, error) {
	switch cfg.Mode() {
	case config.Own:
		return ownSite(cfg, logger)
	case config.ACME:
		return acmeSite(cfg, logger), nil
	default:
		return &site{
			endpoints: []serve.Endpoint{mainEndpoint(cfg, nil)},
			watch:     func(context.Context) {},
			reload:    func() { logger.Print("SIGHUP: no certificate is configured, nothing to reload") },
		}, nil
	}
}

func ownSite(cfg *config.Config, logger *log.Logger) (*site, error) {
	own, err := certificate.NewOwn(files(cfg), logger)
	if err != nil {
		return nil, placed(cfg, err)
	}
	return &site{
		endpoints: []serve.Endpoint{mainEndpoint(cfg, own)},
		watch: func(ctx context.Context) {
			if err := own.Watch(ctx); err != nil {
				logger.Printf("warning: %v; the certificate is read again on SIGHUP only", err)
			}
		},
		reload: own.Reload,
	}, nil
}

func acmeSite(cfg *config.Config, logger *log.Logger) *site {
	source := acme.NewSource(cfg, logger)
	endpoints := []serve.Endpoint{mainEndpoint(cfg, source)}
	if cfg.ChallengeType == config.HTTP01 {
		endpoints = append(endpoints, serve.Endpoint{
			Place:   cfg.At(config.KeyACMEListen),
			Address: cfg.ACMEListen,
			Handler: source.ChallengeHandler(cfg),
		})
	}
	return &site{
		endpoints: endpoints,
		watch:     func(context.Context) {},
		reload:    func() { logger.Print("SIGHUP: the certificate is renewed by ACME, nothing to reload") },
	}
}

func mainEndpoint(cfg *config.Config, source serve.Source) serve.Endpoint {
	return serve.Endpoint{
		Place:   cfg.At(config.KeyListenAddr),
		Address: cfg.ListenAddr,
		Source:  source,
		Handler: serve.NewHandler(source),
	}
}

func files(cfg *config.Config) certificate.Files {
	return certificate.Files{CertPath: cfg.CertPath, KeyPath: cfg.KeyPath, ChainCheck: cfg.ChainCheck}
}

// pairProblems looks at the own certificate of a configuration that is refused already, so that the user hears of
// everything at once.
func pairProblems(cfg *config.Config) error {
	if cfg == nil || cfg.CertPath == "" || cfg.KeyPath == "" {
		return nil
	}
	_, _, err := certificate.Load(files(cfg))
	return placed(cfg, err)
}

// placed adds to each problem of a pair where the configuration names the file.
func placed(cfg *config.Config, err error) error {
	if err == nil {
		return nil
	}
	var lines []error
	for _, line := range certificate.Lines(err) {
		var file *certificate.FileError
		if errors.As(line, &file) {
			line = fmt.Errorf("%s: %s", cfg.At(file.Key), file.Detail())
		}
		lines = append(lines, line)
	}
	return errors.Join(lines...)
}
