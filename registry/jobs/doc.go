// Package jobs runs what takes longer than a request: a Job has progress, can be
// cancelled, and begins again after a crash, so that what runs it must be able to do a
// thing twice. Its nouns are the Book, which keeps the jobs of a folder, the Job and the
// Runner, which does one kind of them.
//
// What goes into a job and what comes out is sealed with the site's key: lists of cameras
// hold passwords.
package jobs
