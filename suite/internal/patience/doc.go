// Package patience holds every time limit of the suite, and measures whether
// the machine gave a server the time that a limit promises.
//
// [Limits] says how long the suite waits for what a server does. The limits
// grow with the time that this server takes to start on this machine.
//
// A [Recorder] measures how long this process and the server waited for a
// processor. A limit that passed while they got none proves nothing about the
// server: [Loss.Starved] tells the two cases apart, and the run tries the case
// again alone.
package patience
