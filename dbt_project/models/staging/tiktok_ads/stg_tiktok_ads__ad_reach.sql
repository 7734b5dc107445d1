{#
  Auction reports tell whom they reached, GMV Max does not: an account with both has people nobody counted together.
#}
{%- set reach = whole_number('r.record.metrics.reach') -%}
{%- set day = {'grain': 'day', 'reach': reach} -%}

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
        )
    ]
) }}
