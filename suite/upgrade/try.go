package upgrade

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"assay/suite"
	"assay/suite/report"
)

// Try runs the suite against a server that was built in a setting, and writes the
// report to a directory of o.Out that has the setting's name. A run that could
// not judge every requirement is an error. Try then returns the report too, if the
// run wrote one.
func Try(
	ctx context.Context, s Setting, server string, o suite.Options,
) (*report.Report, error) {
	o.Bin, o.Out = server, filepath.Join(o.Out, s.Name)
	o.Env, o.CA = slices.Concat(o.Env, s.Env), s.CA
	var log bytes.Buffer
	r, err := suite.Execute(ctx, o, &log)
	if err != nil {
		return nil, err
	}
	switch r.Exit {
	case report.ExitInterrupted:
		return nil, ErrInterrupted
	case report.ExitTrouble:
		return r, fmt.Errorf("the run with %s failed: %s\n%s",
			s, firstError(r), bytes.TrimSpace(log.Bytes()))
	}
	return r, nil
}

// ErrInterrupted reports that a signal ended the run.
var ErrInterrupted = errors.New("interrupted")

// firstError returns why a run ended with [report.ExitTrouble].
func firstError(r *report.Report) string {
	if r.Error != "" {
		return r.Error
	}
	for _, x := range r.Results {
		if x.Status == report.Error {
			return x.ID + ": " + x.Reason
		}
	}
	return "the report gives no reason"
}
