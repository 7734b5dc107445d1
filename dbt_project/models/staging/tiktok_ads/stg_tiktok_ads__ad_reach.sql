{#
  Auction reports have the people reached, GMV Max reports have not. An account with both has no reach: nobody counted its people.
#}
{%- set reach = whole_number('r.record.metrics.reach') -%}
{%- set day = {'grain': 'day', 'reach': reach} -%}
{%- set account = {'level': 'account', 'reach': reach, 'of': "r.record.level = 'account'"} -%}
{%- set campaign = {'level': 'campaign', 'reach': reach, 'of': "r.record.level = 'campaign'", 'campaign_id': 'r.record.entity'} -%}

{{ ad_reach_of(
    'tiktok_ads',
    [
        dict(day, level='account', base='base_tiktok_ads__account_report'),
        dict(
            day,
            level='campaign', base='base_tiktok_ads__campaign_report', campaign_id='r.record.dimensions.campaign_id'
        ),
        dict(
            day,
            level='ad', base='base_tiktok_ads__ad_report',
            campaign_id='r.record.metrics.campaign_id', ad_group_id='r.record.metrics.adgroup_id',
            ad_id='r.record.dimensions.ad_id'
        ),
        dict(account, grain='week', base='base_tiktok_ads__reach_weekly'),
        dict(campaign, grain='week', base='base_tiktok_ads__reach_weekly'),
        dict(account, grain='month', base='base_tiktok_ads__reach_monthly'),
        dict(campaign, grain='month', base='base_tiktok_ads__reach_monthly')
    ]
) }}
