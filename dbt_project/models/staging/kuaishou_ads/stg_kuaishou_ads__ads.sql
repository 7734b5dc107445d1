{#
  A purchase is a paid order (`event_order_paid`). It counts on the day it was reported back; the attribution window is a setting of the
  account and no report names it. The vendor's unit is the ad group of the marts, its creative the ad. Clicks are `bclick` (行为数), because
  the vendor's own click rate is made of them.
#}
{%- set figures = {
    'impressions': whole_number('r.record.show'),
    'clicks': whole_number('r.record.bclick'),
    'spend': number('r.record.charge'),
    'conversions_platform': number('r.record.event_order_paid'),
    'conversion_value_platform': number('r.record.event_order_paid_purchase_amount')
} -%}
{%- set campaign = {'campaign_id': 'r.record.campaign_id', 'campaign_name': 'r.record.campaign_name'} -%}
{%- set unit = dict(campaign, ad_group_id='r.record.unit_id', ad_group_name='r.record.unit_name') -%}

{{ ads_of(
    'kuaishou_ads',
    [
        dict(figures, level='account', base='base_kuaishou_ads__account_report'),
        dict(figures, level='campaign', base='base_kuaishou_ads__campaign_report', **campaign),
        dict(figures, level='ad_group', base='base_kuaishou_ads__unit_report', **unit),
        dict(
            figures,
            level='ad', base='base_kuaishou_ads__creative_report',
            ad_id='r.record.creative_id', ad_name='r.record.creative_name',
            **unit
        )
    ],
    attribution_window='platform_default',
    conversion_time_basis='conversion_date'
) }}
