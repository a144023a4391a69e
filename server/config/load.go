package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Load reads, completes and validates a configuration file. Its error is of
// type Problems and holds every mistake. Together with an error it returns what
// it could read of the configuration, so that the caller can look for further
// mistakes, or nil.
func Load(file string) (*Config, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, Problems{unreadable(file, err)}
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
