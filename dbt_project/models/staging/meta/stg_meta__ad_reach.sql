{# People cannot be added up: each day, week and month is Meta's own count of it. #}
{%- set reach = whole_number('r.record.reach') -%}
{%- set campaign = {'level': 'campaign', 'campaign_id': 'r.record.campaign_id'} -%}
{%- set account = {'level': 'account'} -%}

{{ ad_reach_of(
    'meta',
    [
        dict(account, grain='day', base='base_meta__account_report', reach=reach),
        dict(campaign, grain='day', base='base_meta__campaign_report', reach=reach),
        dict(
            campaign,
            level='ad', grain='day', base='base_meta__ad_report', reach=reach,
            ad_group_id='r.record.adset_id', ad_id='r.record.ad_id'
        ),
        dict(account, grain='week', base='base_meta__reach_weekly', reach=reach, of="r.record.level = 'account'"),
        dict(campaign, grain='week', base='base_meta__reach_weekly', reach=reach, of="r.record.level = 'campaign'"),
        dict(account, grain='month', base='base_meta__reach_monthly', reach=reach, of="r.record.level = 'account'"),
        dict(campaign, grain='month', base='base_meta__reach_monthly', reach=reach, of="r.record.level = 'campaign'")
    ]
) }}
