// Package command starts the commands of contributors.
package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"assay/suite/report"
)

// Main reads the command line into options, a pointer to a struct with kong's tags, and runs
// the command, until it ends or a signal ends its context. It exits with the code that run
// returns, after printing the error, or with [report.ExitTrouble] if the command line is
// wrong.
func Main(name, description string, options any, run func(context.Context) (exit int, err error)) {
	parser := kong.Must(options,
		kong.Name(name),
		kong.Description(description),
		kong.Exit(func(code int) {
			if code != 0 {
				code = report.ExitTrouble
			}
			os.Exit(code)
		}),
	)
	_, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	ctx, stop := signal.NotifyContext(
		context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	exit, err := run(ctx)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	}
	stop()
	os.Exit(exit)
}
