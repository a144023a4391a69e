// Command assay-server is a TLS server that is configured the way headscale is: plain HTTP, a certificate of the
// operator's own, or one from an ACME CA.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// version is the server's own, in the notation of Go modules.
const version = "v0.1.0"

// Exit codes.
const (
	exitOK      = 0
	exitRefused = 1 // the configuration is refused, or a listener failed
	exitUsage   = 2
)

type commands struct {
	Serve   serveCommand   `cmd:"" default:"withargs" help:"Serve what the configuration file says (the default)."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program but for the process around it.
func run(args []string, stdout, stderr io.Writer) int {
	helped := false
	parser, err := kong.New(&commands{},
		kong.Name("assay-server"),
		kong.Description("A TLS server that is configured the way headscale is."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
	)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	command, err := parser.Parse(args)
	switch {
	case helped:
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "assay-server: %v (see assay-server --help)\n", err)
		return exitUsage
	}
	if err := command.Run(output{stdout, stderr}); err != nil {
		fmt.Fprintln(stderr, err)
		return exitRefused
	}
	return exitOK
}

// output is where a command writes to.
type output struct{ stdout, stderr io.Writer }

type versionCommand struct{}

// Run prints the program's name and version.
func (versionCommand) Run(out output) error {
	_, err := fmt.Fprintln(out.stdout, "assay-server", version)
	return err
}
