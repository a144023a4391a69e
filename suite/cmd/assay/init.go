package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"assay/suite/internal/sut"
	"assay/suite/schema"
)

// schemaFile is the name of the schema that assay init writes beside the target
// file. The first line of the example names it, for editors.
const schemaFile = "assay-target.schema.json"

type initCommand struct {
	File string `arg:"" optional:"" default:"target.yaml" type:"path" help:"The file to write."`
}

func (c *initCommand) Run() error {
	text, err := schema.Of(schema.Target)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("init: found %s, expected the name of a new file", c.File)
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(sut.Example())
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(c.File))
	}
	// The schema replaces one that another version of Assay wrote.
	beside := filepath.Join(filepath.Dir(c.File), schemaFile)
	if err := os.WriteFile(beside, text, 0o666); err != nil {
		return errors.Join(err, os.Remove(c.File))
	}
	fmt.Printf("Wrote %s, and %s, with which editors complete and check the file.\n"+
		"Fill in command and profiles, then try: assay doctor --target %s\n", c.File, beside, c.File)
	return nil
}

// schemaCommand prints a schema.
type schemaCommand struct {
	Kind string `arg:"" enum:"target,catalogue,report" help:"One of target, catalogue, report."`
}

func (c *schemaCommand) Run() error {
	text, err := schema.Of(c.Kind)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
