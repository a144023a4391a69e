// Command assay checks whether a server's TLS does what its documentation
// says: run the suite, list what it holds, see what this machine allows.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"assay/suite/report"
)

// commands are Assay's verbs; each has a file of its own.
type commands struct {
	Run     runCommand     `cmd:"" help:"Run the suite against a target and leave a report."`
	List    listCommand    `cmd:"" help:"Print the catalogue of requirements."`
	Doctor  doctorCommand  `cmd:"" help:"Say what this machine and this target allow, before anything runs."`
	CA      caCommand      `cmd:"" name:"ca" help:"Run the local ACME CA alone, to try a server by hand."`
	Init    initCommand    `cmd:"" help:"Write a commented target file to start from."`
	Diff    diffCommand    `cmd:"" help:"Say what differs between two reports in verdicts and observations."`
	Upgrade upgradeCommand `cmd:"" help:"Build a server with two versions of golang.org/x/crypto and say what that changes in its behaviour."`
	Atlas   atlasCommand   `cmd:"" help:"Try a server with every release of golang.org/x/crypto and say what changed where."`
	Report  reportCommand  `cmd:"" help:"Print a report again, or join the parts of an atlas; exits with 0 whatever they say."`
	Version versionCommand `cmd:"" help:"Print the version, as --version does."`

	VersionFlag kong.VersionFlag `name:"version" help:"Print the version."`
}

func main() {
	parser := newParser()
	ctx, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	os.Exit(exitCode(ctx.Run()))
}

// newParser returns the parser of Assay's command line.
func newParser() *kong.Kong {
	return kong.Must(new(commands),
		kong.Name("assay"),
		kong.Description("A conformance suite for TLS servers that are configured the way headscale is."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(code int) { os.Exit(usageExit(code)) }),
		kong.Vars{"version": versionLine()},
	)
}

// usageExit turns kong's code for wrong usage into Assay's.
func usageExit(code int) int {
	if code == 0 {
		return 0
	}
	return report.ExitTrouble
}

// exit is a command's result that is no error: the code to leave with.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// exitCode prints what went wrong and gives the code to leave with.
func exitCode(err error) int {
	var code exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintln(os.Stderr, "assay:", err)
	return report.ExitTrouble
}
