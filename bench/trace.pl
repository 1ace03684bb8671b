# What the trace of perl records: a table of strings built, grown, sorted, copied and dropped; no input, no clock.
use strict;
use warnings;

my ($state, %table, @history) = (1);
sub random { $state = ($state * 1103515245 + 12345) % 2147483648; return $state % $_[0] }

for my $round (1 .. 3) {
    for (1 .. 8000) {
        my $key = 'k' . random(5000);
        $table{$key} .= 'x' x (1 + random(60));
        delete $table{ 'k' . random(5000) } if random(3) == 0;
    }
    push @history, [ map { [ $_, length $table{$_} ] } sort keys %table ];
    shift @history if @history > 2;
    my $text = join ',', map { "$_->[0]=$_->[1]" } @{ $history[-1] };
    my %copy = map { split /=/ } split /,/, $text;
    print scalar(keys %copy), "\n";
}
