/**
 * What a launcher runs: a small process that starts commands on the agent's behalf, because a fork of a small process costs a tenth of a
 * fork of Node. Perl, because it tells a signal from an exit code, sets exactly the environment it is given, and is on every Debian and on
 * most others; where it is not, Node starts the commands.
 *
 * Arguments: three FIFOs: for the two streams of the commands' output, and one for a token. It has one command at a time.
 * A request on standard input: length (8 digits), then fields with a zero byte between them: folder, number of words, the
 * words of the command, and, when it is another than that of the command before, its whole environment as NAME=VALUE.
 *
 * While a command runs, its number lies in the token's FIFO. Whoever takes it out has the command's output: the launcher when the command has
 * ended, which then hands over all that it wrote together with how it ended, so that a short command costs its agent one event; the agent
 * when it takes longer, or must know its number.
 *
 * It answers on standard output, one line each: `ready`; `refused`: nothing was started; `ended PID STATUS` (as wait(2) gives it), behind
 * which stand, where it had the token, for each stream how many bytes follow and whether somebody may still write more (1) or not (0), and
 * then those bytes; and `unknown` before that `ended` when the program could not be executed. It ends when its input does.
 */
export const LAUNCHER_PROGRAM = `
$0 = "gantry: starts commands";
my ($stdout, $stderr, $token) = @ARGV;
# Perl closes what is above 2 in what it executes. 2048: without waiting; 2: for reading and writing.
open(my $requests, "<&", \\*STDIN) or exit 1;
open(my $answers, ">&", \\*STDOUT) or exit 1;
sysopen(my $number, $token, 2048 | 2) or exit 1;
sysopen(my $out, $stdout, 2048) or exit 1;
sysopen(my $err, $stderr, 2048) or exit 1;
open(STDIN, "<", "/dev/null") or exit 1;
close(STDOUT);
close(STDERR);

my ($request, $outBytes, $errBytes, $taken);

sub answer {
  my ($text) = @_;
  for (my $done = 0; $done < length($text);) {
    my $size = syswrite($answers, $text, length($text) - $done, $done);
    defined($size) or exit 1;
    $done += $size;
  }
}

sub take {
  $request = "";
  while (length($request) < 8 || length($request) < 8 + substr($request, 0, 8)) {
    sysread($requests, $request, 65536, length($request)) or exit 0;
  }
  return substr($request, 8);
}

# What is done before the fork is not done in the copy, where every page that is written to is copied first.
sub start {
  my ($folder, $count, @rest) = split(/\\0/, take(), -1);
  my @words = splice(@rest, 0, $count);
  %ENV = map { split(/=/, $_, 2) } @rest if @rest;
  chdir($folder) or return undef;
  # They are 1 and 2, the lowest that are free.
  my $open = sysopen(STDOUT, $stdout, 1) && sysopen(STDERR, $stderr, 1);
  my $pid = $open ? fork() : undef;
  if (defined($pid) && $pid == 0) {
    setpgrp(0, 0);
    exec { $words[0] } @words;
    answer("unknown\\n");
    exit 127;
  }
  close(STDOUT);
  close(STDERR);
  return $pid;
}

# Reads into its second argument. Returns 1 when somebody can still write.
sub rest {
  $_[1] = "";
  my $size;
  do { $size = sysread($_[0], $_[1], 65536, length($_[1])) } while ($size);
  return defined($size) ? 0 : 1;
}

answer("ready\\n");
for (;;) {
  my $pid = start();
  # A folder it stays in could not be unmounted.
  chdir("/");
  if (!defined($pid)) { answer("refused\\n"); next }
  # The command does the same: whoever is first, the group is there when it is told.
  setpgrp($pid, $pid);
  syswrite($number, "$pid\\n");
  waitpid($pid, 0);
  my $status = $?;
  if (!sysread($number, $taken, 64)) { answer("ended $pid $status\\n"); next }
  my ($moreOut, $moreErr) = (rest($out, $outBytes), rest($err, $errBytes));
  my $sizes = length($outBytes) . " $moreOut " . length($errBytes) . " $moreErr";
  answer("ended $pid $status $sizes\\n$outBytes$errBytes");
}
`;
