package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxSize bounds a configuration file. A larger one would take much memory to parse,
// and the documented keys need less than a thousandth of it.
const maxSize = 1 << 20

// Load reads, completes and validates a configuration file. Its error is of
// type Problems and holds every mistake. Together with an error it returns what
// it could read of the configuration, so that the caller can look for further
// mistakes, or nil.
func Load(file string) (*Config, error) {
	data, err := read(file)
	if err != nil {
		return nil, Problems{unreadable(file, err)}
	}
	if len(data) > maxSize {
		return nil, Problems{{
			File:     file,
			Found:    fmt.Sprintf("more than %d bytes", maxSize),
			Expected: "a configuration file of that size at most",
		}}
	}
	values, problems := parse(file, data)
	if values == nil {
		return nil, problems
	}
	cfg, more := validate(file, values)
	problems = append(problems, more...)
	if len(problems) > 0 {
		problems.sort()
		return cfg, problems
	}
	return cfg, nil
}

// read returns the content of a file, or its first maxSize+1 bytes if it is larger.
func read(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSize+1))
}

func unreadable(file string, err error) Problem {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // the message names the file already
	}
	return Problem{
		File:     file,
		Found:    fmt.Sprintf("no readable file (%v)", err),
		Expected: "a readable configuration file",
	}
}
