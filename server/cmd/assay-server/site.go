package main

import (
	"context"
	"log"

	"assay/server/acme"
	"assay/server/certificate"
	"assay/server/config"
	"assay/server/serve"
)

// site is everything that a configuration makes the server do.
type site struct {
	endpoints []serve.Endpoint
	watch     func(context.Context) // until the context ends
	reload    func()
}

// newSite builds the site of the configured mode.
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
	if warning := cfg.NameWarning(own.Current().Leaf); warning != "" {
		logger.Printf("warning: %s", warning)
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
	source := acme.NewKeeper(cfg, logger)
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
		reload: func() {
			logger.Print("SIGHUP: the certificate is renewed by ACME, nothing to reload")
		},
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
