// Package run runs the suite: it starts the processes of a run, tries the
// target, lets Ginkgo run the specs that package harness has registered, and
// gathers their outcomes into a report.
//
// A run is a small tree of processes, all of the same executable. The user
// starts the outer process. It starts the inner process inside the run's world
// (package world). The inner process probes the target, then lets Ginkgo start
// the workers. Each worker runs specs, and each spec starts servers.
package run
