package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"assay/suite/internal/sut"
)

type initCommand struct {
	File string `arg:"" optional:"" default:"target.yaml" type:"path" help:"The file to write; it must not be there yet."`
}

func (c *initCommand) Run() error {
	file, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already; name another file: assay init FILE", c.File)
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(sut.Example())
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(c.File))
	}
	fmt.Printf("Wrote %s. Fill in command and profiles, then try: assay doctor --target %s\n", c.File, c.File)
	return nil
}
