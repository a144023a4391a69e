// Command assay-server is a TLS server that is configured the way headscale is:
// plain HTTP, a certificate of the operator's own, or one from an ACME CA.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// version is the version of the server, in the notation of Go modules.
const version = "v0.1.0"

// Exit codes.
const (
	exitOK      = 0
	exitRefused = 1 // the configuration is refused, or a listener failed
	exitUsage   = 2
)

const usage = `Usage: assay-server <command>

A TLS server that is configured the way headscale is.

  serve --config FILE   Serve what the configuration file says (the default).
                        Relative paths in it count from its directory.
  version               Print the version.
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run executes the command line and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	command := "serve"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("assay-server", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // misused says what is wrong
	file := flags.String("config", "", "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitOK
	case err != nil:
		return misused(stderr, err)
	case flags.NArg() > 0:
		return misused(stderr, fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	case command == "version":
		fmt.Fprintln(stdout, "assay-server", version)
		return exitOK
	case command != "serve":
		return misused(stderr, fmt.Errorf("unknown command %q", command))
	case *file == "":
		return misused(stderr, errors.New("missing flag: --config FILE"))
	}
	if err := serveFile(*file, stderr); err != nil {
		fmt.Fprintln(stderr, err)
		return exitRefused
	}
	return exitOK
}

func misused(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "assay-server: %v (see assay-server --help)\n", err)
	return exitUsage
}
