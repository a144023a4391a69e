package main

import (
	"fmt"

	"assay/suite/internal/version"
)

// versionCommand prints the version of Assay.
type versionCommand struct{}

// Run prints the version on standard output.
func (*versionCommand) Run() error {
	fmt.Println(versionLine())
	return nil
}

// versionLine returns what "assay version" and "assay --version" print.
func versionLine() string { return "assay " + version.Current().String() }
