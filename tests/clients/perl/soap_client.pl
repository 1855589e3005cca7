# Perl's SOAP::Lite: makes the calls that standard input tells, without a WSDL, and prints what it understood of the
# answers. It says of itself that it speaks SOAP's own encoding, and guesses a type for every value.
use strict;
use warnings;

use JSON::PP;
use SOAP::Lite;

my $told = JSON::PP->new->utf8->decode(do { local $/; <STDIN> });
my $version = $told->{port} eq 'leadsSoap12' ? '1.2' : '1.1';
my $url = $told->{url};
$url =~ s{^http://}{http://$told->{key}:\@} if $told->{key} ne '';
my $soap = SOAP::Lite->soapversion($version)->proxy($url)->default_ns($told->{namespace});
$soap->on_action(sub { $told->{namespace} . $_[1] });
$soap->on_fault(sub { $_[1] });

my @heard;
for my $call (@{ $told->{calls} }) {
    my ($operation, $parameters) = @$call;
    my @values = map { value($_ => $parameters->{$_}) } sort keys %$parameters;
    my $answer = $soap->call($operation => @values);
    my $text = ref $answer ? $answer->faultstring // $answer->valueof('//Fault/Reason/Text') : "no SOAP: $answer";
    push @heard, defined $text ? { fault => $text } : $answer->valueof("//${operation}Result");
}
print JSON::PP->new->utf8->encode(\@heard);

# Its users must say that text beyond ASCII is text: it takes that for binary data.
sub value {
    my ($name, $value) = @_;
    $value = $value ? 'true' : 'false' if JSON::PP::is_bool($value);
    my $data = SOAP::Data->name($name => $value);
    return $value =~ /[^\x00-\x7f]/ ? $data->type('string') : $data;
}
