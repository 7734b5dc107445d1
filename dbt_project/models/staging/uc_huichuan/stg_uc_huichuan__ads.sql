{#
  At this vendor an adgroup (推广组) holds campaigns (推广计划), so its adgroup is the campaign of the marts and its campaign the ad group.
  A conversion is what the bound goal counts; the vendor tells neither its value nor its window.
#}
{%- set figures = {
    'impressions': whole_number('r.record.srch'),
    'clicks': whole_number('r.record.click'),
    'spend': number('r.record.consume'),
    'conversions_platform': number('r.record.bindingConversion')
} -%}

{%- set campaign = {'campaign_id': 'r.record.adgroupId', 'campaign_name': 'r.record.adgroupName'} -%}
{%- set unit = dict(campaign, ad_group_id='r.record.campaignId', ad_group_name='r.record.campaignName') -%}

{{ ads_of(
    'uc_huichuan',
    [
        dict(figures, level='account', base='base_uc_huichuan__account_report'),
        dict(figures, level='campaign', base='base_uc_huichuan__adgroup_report', **campaign),
        dict(figures, level='ad_group', base='base_uc_huichuan__campaign_report', **unit),
        dict(
            figures,
            level='ad', base='base_uc_huichuan__creative_report',
            ad_id='r.record.creativeId', ad_name='r.record.creativeName',
            **unit
        )
    ],
    attribution_window='platform_default',
    conversion_time_basis='click_date'
) }}
