// Command assay checks whether a server's TLS does what its documentation says. Its
// subcommands run the suite, list the requirements, check what this machine allows,
// and compare reports.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"assay/pebble/presets"
	"assay/suite/internal/version"
	"assay/suite/report"
)

// commands lists the subcommands. Each has a file of its own.
type commands struct {
	Run      runCommand        `cmd:"" help:"Run the suite against a target and write a report."`
	Watch    watchCommand      `cmd:"" help:"Run the suite, and run what failed again when the server changes."`
	List     listCommand       `cmd:"" help:"Print the catalogue of requirements, or a part of it."`
	Explain  explainCommand    `cmd:"" help:"Explain a requirement: why it matters, how it is tried, and what to do if it fails."`
	Doctor   doctorCommand     `cmd:"" help:"Check what this machine and this target allow, without judging the target."`
	Live     liveCommand       `cmd:"" help:"Take one server through months of time, with a CA, and print the life of its certificates."`
	Explore  exploreCommand    `cmd:"" help:"Lead one server through random lives, and judge what holds for every correct server."`
	CA       caCommand         `cmd:"" name:"ca" help:"Run the local ACME CA without the suite, to try a server by hand."`
	Init     initCommand       `cmd:"" help:"Write a target file with comments to start from."`
	Diff     diffCommand       `cmd:"" help:"Compare verdicts and observations of two reports."`
	Upgrade  upgradeCommand    `cmd:"" help:"Build a server with two versions of golang.org/x/crypto and compare its behaviour."`
	Atlas    atlasCommand      `cmd:"" help:"Run the suite with every release of golang.org/x/crypto and show what each changes."`
	Report   reportCommand     `cmd:"" help:"Print a report again, or join the parts of a run or of an atlas. The exit code is 0 even for failures."`
	Submit   submitCommand     `cmd:"" help:"Make a folder of a report that can be sent to others, or check one."`
	Schema   schemaCommand     `cmd:"" help:"Print the JSON Schema of target files, of the catalogue or of reports."`
	Complete completionCommand `cmd:"" name:"completion" help:"Print a script that completes commands, flags and IDs in bash, zsh or fish."`
	Version  versionCommand    `cmd:"" help:"Print the version, as --version does."`

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
		kong.ShortUsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(code int) { os.Exit(usageExit(code)) }),
		kong.Vars{
			"version": versionLine(),
			"ca":      presets.Default,
			"cas":     strings.Join(presets.Names(), ", "),
		},
	)
}

// versionCommand prints the version of Assay.
type versionCommand struct{}

// Run prints the version on standard output.
func (*versionCommand) Run() error {
	fmt.Println(versionLine())
	return nil
}

// versionLine returns what "assay version" and "assay --version" print.
func versionLine() string { return "assay " + version.Current().String() }

// usageExit returns Assay's exit code for the code that kong wants to exit with.
func usageExit(code int) int {
	if code == 0 {
		return 0
	}
	return report.ExitTrouble
}

// exit is an exit code that a command returns as an error. Nothing is printed for it.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// exitCode returns the exit code for the result of a command, and prints an error.
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
