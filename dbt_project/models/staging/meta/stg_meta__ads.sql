{#
  `actions` lists the same purchases under several types. Only `omni_purchase` has each of them once. Meta leaves an empty array out, so
  an absent figure is 0. Since June 2025 Meta counts a purchase in the merchant's shop on the day of the purchase, not of the click,
  whatever the request asks for.

  Budgets are amounts of the currency's smallest unit: hundredths, but of the currencies whose offset is 1 (Marketing API, Currency Codes).
  A campaign without one of a day has none, or 0 where it has one of its whole run. They are told apart from the figures, of the same read.
#}
{%- set whole = ['CLP', 'COP', 'CRC', 'HUF', 'IDR', 'ISK', 'JPY', 'KRW', 'PYG', 'TWD', 'VND'] -%}
{%- set told = '(select max(' ~ number('told.record.daily_budget') ~ ') from ' ~ ref('base_meta__campaign_budgets') ~ ' as told'
    ~ ' where told.account_id = r.account_id and told.report_date = r.report_date and told.as_of_date = r.as_of_date'
    ~ ' and told.record.id = r.record.campaign_id)' -%}
{%- set unit = 'case when r.record.account_currency in (' ~ quoted(whole) ~ ') then 1'
    ~ ' when r.record.account_currency is not null then cast(0.01 as decimal(3, 2)) end' -%}
{%- set daily_budget = 'nullif(cast(' ~ told ~ ' * ' ~ unit ~ ' as decimal(18, 4)), 0)' -%}
{%- set figures = {
    'impressions': whole_number('r.record.impressions'),
    'clicks': whole_number('r.record.clicks'),
    'spend': number('r.record.spend'),
    'conversions_platform':
        'coalesce(' ~ number(element_of('r.record.actions', 'action_type', 'omni_purchase', 'value')) ~ ', 0)',
    'conversion_value_platform':
        'coalesce(' ~ number(element_of('r.record.action_values', 'action_type', 'omni_purchase', 'value')) ~ ', 0)',
    'currency': 'r.record.account_currency'
} -%}
{%- set campaign = {'campaign_id': 'r.record.campaign_id', 'campaign_name': 'r.record.campaign_name'} -%}

{{ ads_of(
    'meta',
    [
        dict(figures, level='account', base='base_meta__account_report'),
        dict(figures, level='campaign', base='base_meta__campaign_report', daily_budget=daily_budget, **campaign),
        dict(
            figures,
            level='ad', base='base_meta__ad_report',
            ad_group_id='r.record.adset_id', ad_group_name='r.record.adset_name',
            ad_id='r.record.ad_id', ad_name='r.record.ad_name',
            **campaign
        )
    ],
    attribution_window='meta_default_7d_click_1d_view',
    conversion_time_basis='conversion_date'
) }}
