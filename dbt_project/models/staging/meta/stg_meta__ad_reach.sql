{# People of days cannot be added up to a week's, so each day, week and month is Meta's own count of that period. #}
{%- set reach = whole_number('r.record.reach') -%}
{%- set ids = {
    'account': {},
    'campaign': {'campaign_id': 'r.record.campaign_id'},
    'ad_group': {'campaign_id': 'r.record.campaign_id', 'ad_group_id': 'r.record.adset_id'},
    'ad': {'campaign_id': 'r.record.campaign_id', 'ad_group_id': 'r.record.adset_id', 'ad_id': 'r.record.ad_id'},
} -%}
{%- set told = [
    ('day', 'account', 'account_report', none),
    ('day', 'campaign', 'campaign_report', none),
    ('day', 'ad', 'ad_report', none),
    ('day', 'ad_group', 'reach_daily', 'adset'),
] -%}
{%- for grain in ['week', 'month'] -%}
    {%- for level, theirs in {'account': 'account', 'campaign': 'campaign', 'ad_group': 'adset', 'ad': 'ad'}.items() -%}
        {%- do told.append((grain, level, 'reach_' ~ grain ~ 'ly', theirs)) -%}
    {%- endfor -%}
{%- endfor -%}
{%- set parts = [] -%}
{%- for grain, level, stream, theirs in told -%}
    {%- do parts.append(dict(
        ids[level], level=level, grain=grain, base='base_meta__' ~ stream, reach=reach,
        of="r.record.level = '" ~ theirs ~ "'" if theirs else none
    )) -%}
{%- endfor -%}

{{ ad_reach_of('meta', parts) }}
