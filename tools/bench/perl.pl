# Perl's job: hashes, regular expressions, sorting, string building. The argument is the amount of work in per cent.
use strict;
use warnings;

my $percent = shift // 100;

sub text {
	my $seed = 42;
	my @words;
	for (1 .. 8000) {
		$seed = ($seed * 1103515245 + 12345) % 2**31;
		push @words, join '', map { chr(97 + ($seed >> $_) % 26) } 3, 7, 11, 15;
	}
	return join ' ', @words;
}

my $rounds = int($percent / 10) || 1;
for my $round (1 .. $rounds) {
	my $text = text();
	my %count;
	$count{$1}++ while $text =~ /\b([a-m]\w+)\b/g;
	my @top = (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 4];
	(my $swapped = $text) =~ s/(\w)(\w)(\w+)/$2$1\U$3/g;
	my $sum = 0;
	$sum = ($sum * 31 + ord) % 1000000007 for split //, substr $swapped, 0, 20000;
	printf "%d %s %s %d\n", scalar keys %count, "@top", substr($swapped, 0, 20), $sum;
}
