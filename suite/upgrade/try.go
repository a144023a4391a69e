package upgrade

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"assay/suite"
	"assay/suite/report"
)

// Try runs the suite against a server that was built with a version. The report
// goes below o.Out, in a directory named after the version. A run that judged
// nothing, or not all, is an error; the report comes with it if there is one.
func Try(ctx context.Context, version, server string, o suite.Options) (*report.Report, error) {
	o.Bin, o.Out = server, filepath.Join(o.Out, version)
	var log bytes.Buffer
	r, err := suite.Execute(ctx, o, &log)
	if err != nil {
		return nil, err
	}
	switch r.Exit {
	case report.ExitInterrupted:
		return nil, ErrInterrupted
	case report.ExitTrouble:
		return r, fmt.Errorf("the run with %s %s: %s\n%s", Module, version, trouble(r), bytes.TrimSpace(log.Bytes()))
	}
	return r, nil
}

// ErrInterrupted says that a signal ended the run.
var ErrInterrupted = errors.New("interrupted")

// trouble is why a report ends in [report.ExitTrouble].
func trouble(r *report.Report) string {
	if r.Error != "" {
		return r.Error
	}
	for _, x := range r.Results {
		if x.Status == report.Error {
			return x.ID + ": " + x.Reason
		}
	}
	return "for an unknown reason"
}
